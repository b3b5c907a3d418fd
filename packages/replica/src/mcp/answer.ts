import type { ServerResponse } from 'node:http'
import { FullError, ReplicaError, SessionNotFoundError, StoppingError, StoreError } from '../errors.ts'
import { errorHeader } from '../headers.ts'
import { McpRequestError, ReplayRefused } from './mcp-errors.ts'

/** Answers with a JSON text, or with a status alone. */
export function answerJsonRpc(
  response: ServerResponse,
  status: number,
  text = '',
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, {
    ...(text !== '' && { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

/** Answers with what went wrong, as a JSON-RPC error. A response that has begun is broken off instead. */
export function answerMcpError(response: ServerResponse, error: unknown): void {
  if (error instanceof ReplayRefused) {
    answerJsonRpc(response, error.answer.status, error.answer.body)
    return
  }
  const { status, code, message, headers } = describe(error)
  const text = JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null })
  answerJsonRpc(response, status, text, headers)
}

interface Description {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

function describe(error: unknown): Description {
  if (!(error instanceof ReplicaError)) {
    return { status: 500, code: -32603, message: 'Internal server error', headers: {} }
  }
  const headers = { [errorHeader]: error.code }
  if (error instanceof SessionNotFoundError) {
    return { status: 404, code: -32001, message: 'Session not found', headers }
  }
  const { status, message } = error
  if (error instanceof McpRequestError) {
    return { status, code: error.rpcCode, message, headers: { ...headers, ...error.headers } }
  }
  const mayComeAgain = [FullError, StoppingError, StoreError].some((kind) => error instanceof kind)
  return {
    status,
    code: -32000,
    message,
    headers: { ...headers, ...(mayComeAgain && { 'retry-after': '1' }) },
  }
}
