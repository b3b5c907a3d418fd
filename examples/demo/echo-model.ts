/**
 * The demo's "model": it repeats the last message of the user. Requests and answers have the shapes of OpenAI's
 * chat completions API, so that its SDKs can talk to it.
 */

/** What the echo model calls itself in `/v1/models` and in every answer. */
export const modelId = 'echo'

/** The part of a chat completion request that the echo model understands. */
export interface ChatRequest {
  /** The text of the last message of the user, or of the last message if there is none of a user. */
  readonly lastText: string
  readonly promptTokens: number
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Answer at most this many words; undefined for no bound. */
  readonly maxTokens: number | undefined
}

/** A request that can't be answered, as OpenAI's `error` object describes it. */
export interface ChatFault {
  readonly message: string
  readonly param: string | null
}

interface Message {
  readonly role: string
  readonly text: string
}

/** Reads the body of `POST /v1/chat/completions`; returns a fault for what it can't accept. */
export function readChatRequest(body: unknown): ChatRequest | ChatFault {
  if (!isObject(body)) return { message: 'The body must be a JSON object.', param: null }
  const { messages: list, stream_options: streamOptions } = body
  if (!Array.isArray(list) || list.length === 0) {
    return { message: "'messages' must be an array of at least one message.", param: 'messages' }
  }
  const messages = list.map(readMessage)
  const bad = messages.indexOf(undefined)
  if (bad !== -1) {
    const param = `messages[${bad}]`
    return { message: `'${param}' must be an object with a 'role' and text in 'content'.`, param }
  }
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? undefined
  if (maxTokens !== undefined && !(Number.isInteger(maxTokens) && Number(maxTokens) > 0)) {
    return { message: "'max_tokens' must be a positive integer.", param: 'max_tokens' }
  }
  const known = messages as Message[]
  const last = known.findLast((message) => message.role === 'user') ?? known.at(-1)
  return {
    lastText: last?.text ?? '',
    promptTokens: known.reduce((sum, message) => sum + words(message.text).length, 0),
    stream: body.stream === true,
    includeUsage: isObject(streamOptions) && streamOptions.include_usage === true,
    maxTokens: maxTokens === undefined ? undefined : Number(maxTokens),
  }
}

/** `content` is a string, a list of parts of which only text counts here, or null (as beside tool calls). */
function readMessage(message: unknown): Message | undefined {
  if (!isObject(message) || typeof message.role !== 'string') return undefined
  const { role, content } = message
  if (typeof content === 'string') return { role, text: content }
  if (content === null || content === undefined) return { role, text: '' }
  if (!Array.isArray(content)) return undefined
  const texts = content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : ''))
  return { role, text: texts.join(' ').trim() }
}

/** One finished answer: its words (a word counts as a token) and why it ended. */
export interface EchoAnswer {
  readonly pieces: readonly string[]
  readonly finishReason: 'stop' | 'length'
  readonly usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

/** Answers a request. `turn` is the number of this turn in its session, or undefined without a session. */
export function answer(request: ChatRequest, replica: string, turn: number | undefined): EchoAnswer {
  const where = turn === undefined ? 'no session' : `turn ${turn} with me`
  const text = `I am ${replica}, an echo model (${where}). You said: ${request.lastText}`
  const all = words(text)
  const pieces = all.slice(0, request.maxTokens)
  return {
    pieces,
    finishReason: pieces.length < all.length ? 'length' : 'stop',
    usage: {
      prompt_tokens: request.promptTokens,
      completion_tokens: pieces.length,
      total_tokens: request.promptTokens + pieces.length,
    },
  }
}

/** A text in pieces that give the same text when joined; a piece is a word with the space before it. */
function words(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\S)(?=\s)/)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
