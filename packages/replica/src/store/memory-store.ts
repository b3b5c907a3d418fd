import { Readable } from 'node:stream'
import { SessionNotFoundError, StaleEpochError } from '../errors.ts'
import { bytesOf, type NewValue, type SessionRecord, type SessionStore, type StoredEntry } from './store.ts'

interface MemoryValue extends StoredEntry {
  readonly pieces: readonly Uint8Array[]
}

interface MemorySession {
  record: SessionRecord
  readonly values: Map<string, MemoryValue>
}

/** Keeps sessions in this process: for tests, and for state that need not outlive it. */
export function createMemoryStore(): SessionStore {
  const sessions = new Map<string, MemorySession>()

  /** The session, for a change by a writer of `epoch`. */
  const held = (id: string, epoch: number): MemorySession => {
    const session = sessions.get(id)
    if (!session) throw new SessionNotFoundError(id)
    if (session.record.epoch > epoch) throw new StaleEpochError(epoch, session.record.epoch)
    return session
  }

  return {
    async create(record) {
      sessions.set(record.id, { record, values: new Map() })
    },
    async open(id, epoch) {
      if (!sessions.has(id)) return undefined
      const session = held(id, epoch)
      session.record = { ...session.record, epoch }
      return session.record
    },
    async claim(id, floor) {
      const session = sessions.get(id)
      if (!session) return undefined
      session.record = { ...session.record, epoch: Math.max(session.record.epoch + 1, floor) }
      return session.record
    },
    async look(id) {
      return sessions.get(id)?.record
    },
    async touch({ id, epoch }, usedAtMs) {
      const session = held(id, epoch)
      session.record = { ...session.record, usedAtMs }
    },
    async write(id, epoch, { key, kind, content }: NewValue) {
      held(id, epoch)
      const pieces: Uint8Array[] = []
      let bytes = 0
      for await (const piece of content) {
        // A copy, since the caller may go on using its buffer.
        pieces.push(Buffer.from(piece))
        bytes += piece.byteLength
      }
      const { values } = held(id, epoch)
      values.set(key, { key, kind, bytes, pieces })
      return bytesOf([...values.values()])
    },
    async read(id, key, from = 0) {
      const value = sessions.get(id)?.values.get(key)
      return (
        value && {
          kind: value.kind,
          bytes: value.bytes,
          content: Readable.from(piecesFrom(value.pieces, from)),
        }
      )
    },
    async remove(id, epoch, key) {
      return held(id, epoch).values.delete(key)
    },
    async list(id) {
      const values = sessions.get(id)?.values.values() ?? []
      return [...values].map(({ key, kind, bytes }) => ({ key, kind, bytes }))
    },
    async destroy(id, epoch) {
      return sessions.has(id) && held(id, epoch) !== undefined && sessions.delete(id)
    },
    async ids() {
      return [...sessions.keys()]
    },
    async close() {
      sessions.clear()
    },
  }
}

function* piecesFrom(pieces: readonly Uint8Array[], from: number): Generator<Uint8Array> {
  let at = 0
  for (const piece of pieces) {
    const end = at + piece.byteLength
    if (end > from) yield piece.subarray(Math.max(0, from - at))
    at = end
  }
}
