import type { IncomingMessage } from 'node:http'
import { BadRequestError } from './errors.ts'
import { newSession } from './headers.ts'

export type SessionRequest = 'NEW_SESSION' | 'CLOSE'

/** Session requests are about 30 bytes. What is longer is somebody's input, and passes unread. */
const maxBytes = 1024

/**
 * Whether a request's body is `{"requestType":"NEW_SESSION"}` or `{"requestType":"CLOSE"}`. Looks only at bodies that
 * are small and that are JSON by their type or have no type; whatever is not a session request is left in the request
 * as it came, for the next reader.
 * @throws {BadRequestError} for a session request with further fields, as the AWS library refuses it
 */
export async function readSessionRequest(request: IncomingMessage): Promise<SessionRequest | undefined> {
  if (!mayBeSessionRequest(request) || !(await hasArrived(request))) return undefined
  const body: Buffer | null = request.read(request.readableLength)
  if (body === null) return undefined
  const asked = askedBy(body.toString())
  if (asked === undefined) request.unshift(body)
  // Nothing is left; read on to the end, so that the connection can be used again.
  else request.resume()
  return asked
}

function mayBeSessionRequest({ headers }: IncomingMessage): boolean {
  const { 'content-type': type = 'application/json', 'content-length': length } = headers
  if (headers['content-encoding'] !== undefined) return false
  if (!/^\s*application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return false
  if (headers['transfer-encoding'] !== undefined) return true
  return length !== undefined && Number(length) > 0 && Number(length) <= maxBytes
}

/**
 * Waits until the whole body lies in the request's buffer, without taking it out; false when it is too long or does not
 * come to its end.
 */
function hasArrived(request: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (arrived: boolean): void => {
      request.off('readable', look).off('close', leave)
      resolve(arrived)
    }
    const look = (): void => {
      if (request.readableLength > maxBytes) settle(false)
      else if (request.complete) settle(request.readableLength > 0)
    }
    const leave = (): void => settle(false)
    request.on('readable', look).on('close', leave)
    look()
  })
}

function askedBy(text: string): SessionRequest | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof body !== 'object' || body === null || !('requestType' in body)) return undefined
  const { requestType } = body
  if (requestType !== newSession && requestType !== 'CLOSE') return undefined
  if (Object.keys(body).length > 1) {
    throw new BadRequestError(`a ${requestType} request has no field but requestType`)
  }
  return requestType
}
