import { Readable } from 'node:stream'
import { BadValueError } from './errors.ts'
import type { StoredValue, ValueKind } from './store/store.ts'

/** A bytes value to be put: in memory, or as a stream, such as a request or a web `ReadableStream`. */
export type BytesInput = Uint8Array | AsyncIterable<Uint8Array | string>

/**
 * What a value is stored as: bytes for a `BytesInput`, JSON text for anything else.
 * @throws {BadValueError} when JSON has no form for it
 */
export function contentOf(value: unknown): { kind: ValueKind; content: AsyncIterable<Uint8Array> } {
  if (value instanceof Uint8Array) return { kind: 'bytes', content: oneOf(value) }
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    return { kind: 'bytes', content: piecesOf(value as AsyncIterable<Uint8Array | string>) }
  }
  return { kind: 'json', content: oneOf(Buffer.from(jsonOf(value))) }
}

/** The whole of a stored value: what its JSON says, or its bytes. */
export async function wholeOf({ kind, bytes, content }: StoredValue): Promise<unknown> {
  const whole = Buffer.allocUnsafeSlow(bytes)
  let filled = 0
  for await (const piece of content as AsyncIterable<Uint8Array>) {
    whole.set(piece, filled)
    filled += piece.byteLength
  }
  if (kind === 'bytes') return whole.subarray(0, filled)
  try {
    return JSON.parse(whole.toString('utf8', 0, filled))
  } catch (cause) {
    throw new BadValueError('A stored session value is not JSON.', { cause })
  }
}

async function* oneOf(value: Uint8Array): AsyncGenerator<Uint8Array> {
  yield value
}

async function* piecesOf(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  // A request must survive a refusal of its content, or nobody could be told: destroying it would end its connection.
  const pieces = source instanceof Readable ? source.iterator({ destroyOnReturn: false }) : source
  for await (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

function jsonOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new BadValueError('A session value can not be written as JSON.', { cause })
  }
  if (text === undefined) throw new BadValueError('A session value can not be written as JSON.')
  return text
}
