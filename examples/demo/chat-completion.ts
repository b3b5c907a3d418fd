import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type EchoAnswer, modelId } from './echo-model.ts'

/** What a whole answer and each chunk of a streamed one have in common. */
function envelope(object: string) {
  return { id: `chatcmpl-${randomUUID()}`, object, created: Math.floor(Date.now() / 1000), model: modelId }
}

/** The body of an answer that is sent in one piece (`object: "chat.completion"`). */
export function completion(echo: EchoAnswer) {
  return {
    ...envelope('chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: echo.pieces.join(''), refusal: null },
        logprobs: null,
        finish_reason: echo.finishReason,
      },
    ],
    usage: echo.usage,
  }
}

/**
 * The events of a streamed answer, ready to send as `text/event-stream`: the role, one chunk a word, the finish
 * reason, the usage if it was asked for (with `choices: []`, and `usage: null` in the chunks before it), `[DONE]`.
 * Waits `delayMs` before each word. Every chunk gets the fields of `extra`. Rejects when `signal` aborts.
 */
export async function* completionEvents(
  echo: EchoAnswer,
  options: { includeUsage: boolean; delayMs: number; extra: Record<string, string>; signal: AbortSignal },
): AsyncGenerator<string> {
  const head = envelope('chat.completion.chunk')
  const usage = options.includeUsage ? { usage: null } : {}
  const event = (fields: object) => `data: ${JSON.stringify({ ...head, ...fields, ...options.extra })}\n\n`
  const chunk = (delta: object, finishReason: string | null) =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }], ...usage })

  yield chunk({ role: 'assistant', content: '', refusal: null }, null)
  for (const piece of echo.pieces) {
    await wait(options.delayMs, undefined, { signal: options.signal })
    yield chunk({ content: piece }, null)
  }
  yield chunk({}, echo.finishReason)
  if (options.includeUsage) yield event({ choices: [], usage: echo.usage })
  yield 'data: [DONE]\n\n'
}
