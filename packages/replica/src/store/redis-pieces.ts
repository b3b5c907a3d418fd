import { randomUUID } from 'node:crypto'
import { StoreError } from '../errors.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { StoredEntry } from './store.ts'

/** The most bytes under one key: large enough to cost little, small enough that a server isn't held up by one. */
const pieceBytes = 1024 * 1024
const keysPerUnlink = 500

/** A value as its session's hash has it. */
export interface PiecedEntry extends Omit<StoredEntry, 'key'> {
  /** Names its pieces; each write makes a new one. */
  readonly valueId: string
  readonly pieces: number
}

/** The text of an entry in the hash. */
export function entryText({ kind, bytes, pieces, valueId }: PiecedEntry): string {
  return [kind, bytes, pieces, valueId].join(' ')
}

/** The entry that a text of the hash says. */
export function entryOf(text: string): PiecedEntry {
  const [kind, bytes, pieces, valueId = ''] = text.split(' ')
  return { kind: kind === 'json' ? 'json' : 'bytes', bytes: Number(bytes), pieces: Number(pieces), valueId }
}

/** The values of one session, in pieces. `prefix` begins their keys and holds the hash tag of the session. */
export class RedisPieces {
  readonly #connection: RedisConnection
  readonly #prefix: string

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection
    this.#prefix = prefix
  }

  /**
   * Stores content under keys of its own, which nothing refers to yet, and holds one piece of it at a time. Of content
   * that fails nothing stays.
   */
  async write(
    kind: PiecedEntry['kind'],
    content: AsyncIterable<Uint8Array>,
    expiresAtMs: number,
  ): Promise<PiecedEntry> {
    const valueId = randomUUID()
    let pieces = 0
    let bytes = 0
    try {
      for await (const piece of inPieces(content)) {
        await this.#connection.set(this.#key(valueId, pieces++), piece, expiresAtMs)
        bytes += piece.byteLength
      }
    } catch (error) {
      await this.drop([{ valueId, pieces }])
      throw error
    }
    return { kind, bytes, pieces, valueId }
  }

  /** The piece that holds the byte `from`; undefined when the value has been replaced. */
  async at({ valueId }: PiecedEntry, from: number): Promise<Buffer | undefined> {
    return this.#connection.get(this.#key(valueId, Math.floor(from / pieceBytes)))
  }

  /** The content from the byte `from` on, whose piece `first` has come already. */
  async *read({ valueId, pieces }: PiecedEntry, from: number, first: Buffer): AsyncGenerator<Buffer> {
    yield first.subarray(from % pieceBytes)
    for (let index = Math.floor(from / pieceBytes) + 1; index < pieces; index++) {
      const piece = await this.#connection.get(this.#key(valueId, index))
      if (!piece) throw new StoreError('The session value was replaced or has expired while it was read.')
      yield piece
    }
  }

  /** Deletes the pieces of values. What can't be deleted now goes when its session expires. */
  async drop(values: readonly Pick<PiecedEntry, 'valueId' | 'pieces'>[]): Promise<void> {
    const keys = values.flatMap(({ valueId, pieces }) =>
      Array.from({ length: pieces }, (_, index) => this.#key(valueId, index)),
    )
    try {
      while (keys.length > 0) await this.#connection.unlink(keys.splice(0, keysPerUnlink))
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
    }
  }

  #key(valueId: string, index: number): string {
    return `${this.#prefix}:${valueId}:${index}`
  }
}

/** The same bytes in pieces of `pieceBytes`, the last one shorter. */
async function* inPieces(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let filled = 0
  for await (const part of content) {
    for (let start = 0; start < part.byteLength; ) {
      const taken = part.subarray(start, start + pieceBytes - filled)
      start += taken.byteLength
      filled += taken.byteLength
      // A copy, since the caller may go on using its buffer.
      parts.push(Buffer.from(taken))
      if (filled < pieceBytes) continue
      yield Buffer.concat(parts)
      parts = []
      filled = 0
    }
  }
  if (filled > 0) yield Buffer.concat(parts)
}
