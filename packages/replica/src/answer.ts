import type { ServerResponse } from 'node:http'
import { ReplicaError } from './errors.ts'
import { errorHeader } from './headers.ts'

/** Answers with a line of text. */
export function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

/**
 * Answers with what went wrong: the status, code and message of this library's errors, a bare 500 for all others. A
 * response that has begun is broken off instead.
 */
export function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  // What the handler had set was meant for another answer.
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  if (error instanceof ReplicaError) {
    answer(response, error.status, error.message, { [errorHeader]: error.code })
  } else {
    answer(response, 500, 'Internal server error')
  }
}
