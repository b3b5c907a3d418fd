import type { ServerResponse } from 'node:http'

/**
 * Calls `listener` with the status just before the head of a response is sent, when headers can still be set. Node.js
 * itself sends every head by way of `writeHead`.
 */
export function beforeHead(response: ServerResponse, listener: (status: number) => void): void {
  const { writeHead } = response
  let called = false
  response.writeHead = (...args: unknown[]) => {
    if (!called) {
      called = true
      listener(args[0] as number)
    }
    return Reflect.apply(writeHead, response, args)
  }
}
