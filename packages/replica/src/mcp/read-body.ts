import type { IncomingMessage } from 'node:http'
import { McpRequestError } from './mcp-errors.ts'

/** What the SDKs' transports take at most. */
const maxBodyBytes = 4 * 1024 * 1024

/**
 * The JSON of a request's body.
 * @throws {McpRequestError} when it is none (400), or longer than 4 MiB (413)
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    bytes += piece.byteLength
    if (bytes > maxBodyBytes) {
      const message = `Payload Too Large: Request body must not exceed ${maxBodyBytes} bytes`
      throw new McpRequestError(413, -32000, message, { connection: 'close' })
    }
    pieces.push(piece)
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString())
  } catch {
    throw new McpRequestError(400, -32700, 'Parse error: Invalid JSON')
  }
}
