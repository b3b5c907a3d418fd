/** For tests: places where stores keep sessions. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../../../test/kit/redis-server.ts'
import { createFileStore } from './file-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { createRedisStore } from './redis-store.ts'
import type { SessionRecord, SessionStore, ValueKind } from './store.ts'

export interface Place extends AsyncDisposable {
  /** Another store object at this place. */
  open(): Promise<SessionStore>
}

export async function memoryPlace(): Promise<Place> {
  const store = createMemoryStore()
  return { open: async () => store, [Symbol.asyncDispose]: () => store.close() }
}

export async function filePlace(): Promise<Place & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'limpet-sessions-'))
  return {
    path,
    open: () => createFileStore({ path }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

export async function redisPlace(args: readonly string[] = []): Promise<Place & { readonly url: string }> {
  const cluster = args.includes('--cluster-enabled')
  const server = await startRedis({ args })
  const opened: SessionStore[] = []
  return {
    url: server.url,
    async open() {
      const store = await createRedisStore({ url: server.url, cluster })
      opened.push(store)
      return store
    },
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A session that lives for a minute from now on. */
export function newRecord(more: Partial<SessionRecord> = {}): SessionRecord {
  return { id: randomUUID(), epoch: 0, expiresAtMs: Math.ceil(Date.now() / 1000) * 1000 + 60_000, ...more }
}

export async function* streamOf(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}

/** The value under a key, as `kind: text`. */
export async function textAt(store: SessionStore, id: string, key: string): Promise<string | undefined> {
  const value = await store.read(id, key)
  if (!value) return undefined
  const pieces: Buffer[] = []
  for await (const piece of value.content) pieces.push(Buffer.from(piece))
  return `${value.kind}: ${Buffer.concat(pieces)}`
}

export function putText(
  store: SessionStore,
  { id, epoch }: SessionRecord,
  key: string,
  text: string,
  kind: ValueKind = 'json',
): Promise<number> {
  return store.write(id, epoch, { key, kind, content: streamOf(text) })
}
