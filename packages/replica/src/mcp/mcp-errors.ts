import { ReplicaError } from '../errors.ts'
import type { SilentAnswer } from './silent-exchange.ts'

/** A request that breaks the rules of the transport: with the status and the JSON-RPC code that the SDKs give. */
export class McpRequestError extends ReplicaError {
  override readonly name = 'McpRequestError'
  readonly rpcCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    rpcCode: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super('LIMPET_REPLICA_BAD_REQUEST', status, message)
    this.rpcCode = rpcCode
    this.headers = headers
  }
}

/** The transport has refused a replayed message, for a reason that concerns the request that led to it. */
export class ReplayRefused extends Error {
  readonly answer: SilentAnswer

  constructor(answer: SilentAnswer) {
    super(`a replayed message was answered with ${answer.status}`)
    this.answer = answer
  }
}
