import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'
import { type Container, createContainer, type Settings, type Visit } from '@limpet/replica'
import { type Answer, answerQuestion } from './answer-question.ts'
import { keepMedia, openMedia } from './kept-media.ts'
import { badQuestion, noMedia } from './media-error.ts'
import { readQuestion } from './question.ts'

export interface MediaContainerOptions {
  /** Stands in every answer, so that one sees which replica has given it. */
  readonly name: string
  /** Instead of what the environment says. */
  readonly settings?: Partial<Settings>
}

const attributesHeader = 'x-amzn-sagemaker-custom-attributes'
const maxQuestionBytes = 4096

/**
 * A model container that is told of media once and asked about it often. `POST /invocations` takes
 *
 * - media, of any type but JSON: keeps it in the request's session, or in a new one when the request names none;
 * - a question as JSON: answers it from the media of the request's session;
 * - media with a question in CustomAttributes: answers it from what was sent, and keeps nothing.
 */
export function createMediaContainer({ name, settings = {} }: MediaContainerOptions): Promise<Container> {
  return createContainer({
    settings,
    // A question that follows an upload waits for it.
    serialize: true,
    async handler(request, response, visit) {
      const text = JSON.stringify({ replica: name, ...(await replyTo(request, visit)) })
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      response.end(text)
    },
  })
}

async function replyTo(request: IncomingMessage, visit: Visit): Promise<object> {
  const attributes = request.headers[attributesHeader]
  const { 'content-type': contentType = 'application/octet-stream' } = request.headers
  if (isJson(contentType)) return answerKept(request, visit)
  if (typeof attributes === 'string') return answerSent(request, attributes)
  const session = visit.session ?? (await visit.create())
  const { bytes, sha256 } = await keepMedia(session, piecesOf(request), contentType)
  return { bytes, sha256 }
}

/** Answers from the session's media. */
async function answerKept(request: IncomingMessage, { session }: Visit): Promise<Answer> {
  const question = readQuestion(await questionText(request))
  if (!session) throw noMedia()
  const from = 'offset' in question ? (question.offset ?? 0) : 0
  const media = await openMedia(session, from)
  try {
    return await answerQuestion(question, { ...media, from })
  } finally {
    media.content.destroy()
  }
}

/** Answers from the media in the request, all of which is taken in, as a model that needs it would. */
async function answerSent(request: IncomingMessage, attributes: string): Promise<Answer> {
  const question = readQuestion(attributes)
  const answer = await answerQuestion(question, { content: piecesOf(request), from: 0 })
  request.resume()
  await finished(request, { writable: false })
  return answer
}

async function questionText(request: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of piecesOf(request)) {
    bytes += piece.byteLength
    if (bytes > maxQuestionBytes) throw badQuestion(`a question takes at most ${maxQuestionBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** The body, such that leaving it unread does not end the connection on which the answer is to go. */
function piecesOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
}

function isJson(contentType: string): boolean {
  return /^\s*application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType)
}
