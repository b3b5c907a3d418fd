import { Readable } from 'node:stream'
import { SessionNotFoundError, StaleEpochError, StoreError } from '../errors.ts'
import { connectRedis, type RedisAddress, type RedisConnection } from './redis-connection.ts'
import { entryOf, entryText, type PiecedEntry, RedisPieces } from './redis-pieces.ts'
import {
  claimScript,
  createScript,
  destroyScript,
  lookScript,
  mayWriteScript,
  openScript,
  removeScript,
  setScript,
} from './redis-scripts.ts'
import {
  bytesOf,
  type NewValue,
  type SessionRecord,
  type SessionStore,
  type StoredEntry,
  type StoredValue,
} from './store.ts'

export interface RedisStoreOptions extends RedisAddress {
  /** Begins all keys; `limpet:session:` by default. */
  readonly prefix?: string
}

/** The fields of a session's hash. A value's field is its key behind `valuePrefix`. */
type Fields = ReadonlyMap<string, string>

const valuePrefix = 'v:'

/** Begins all keys of sessions, unless something else is asked for. */
const defaultPrefix = 'limpet:session:'

/** The key of a session's hash. Its braces keep everything of the session in one slot of a cluster. */
export function redisSessionKey(id: string, prefix = defaultPrefix): string {
  return `${prefix}{${id}}`
}

/**
 * Keeps sessions on a Redis or Valkey server, or a cluster, so that they outlive their replica: the next one finds
 * them there. A session is a hash, `PREFIX{ID}`, with its record and, for each value, the name of its pieces, which lie
 * under keys of their own in the same hash slot. A value is stored in full before the hash refers to it. All keys
 * expire with the session's announced life, by the server's clock.
 * @throws {SettingsError | StoreError} when it can't connect
 */
export async function createRedisStore(options: RedisStoreOptions): Promise<SessionStore> {
  return redisStoreOn(await connectRedis(options), options.prefix)
}

/** The same on a connection that is there, which it then owns. */
export function redisStoreOn(connection: RedisConnection, prefix = defaultPrefix): SessionStore {
  const session = (id: string): RedisSession => new RedisSession(connection, id, redisSessionKey(id, prefix))
  return {
    create: (record) => session(record.id).create(record),
    open: (id, epoch) => session(id).open(epoch),
    claim: (id, floor) => session(id).claim(floor),
    look: (id) => session(id).look(),
    touch: ({ id, epoch }, usedAtMs) => session(id).touch(epoch, usedAtMs),
    write: (id, epoch, value) => session(id).write(epoch, value),
    read: (id, key, from = 0) => session(id).read(key, from),
    remove: (id, epoch, key) => session(id).remove(epoch, key),
    list: (id) => session(id).list(),
    destroy: (id, epoch) => session(id).destroy(epoch),
    // Those that this process doesn't know are looked after by others, or expire by themselves.
    ids: async () => [],
    close: () => connection.close(),
  }
}

class RedisSession {
  readonly #connection: RedisConnection
  readonly #id: string
  readonly #key: string
  readonly #pieces: RedisPieces

  constructor(connection: RedisConnection, id: string, key: string) {
    this.#connection = connection
    this.#id = id
    this.#key = key
    this.#pieces = new RedisPieces(connection, key)
  }

  async create({ epoch, expiresAtMs, idleMs, usedAtMs }: SessionRecord): Promise<void> {
    const fields = {
      epoch,
      expires: expiresAtMs,
      ...(idleMs !== undefined && { idle: idleMs, used: usedAtMs }),
    }
    await this.#run(createScript, [expiresAtMs, ...Object.entries(fields).flat()])
  }

  async open(epoch: number): Promise<SessionRecord | undefined> {
    const reply = await this.#change(openScript, epoch)
    return reply && this.#recordOf(fieldsOf(reply[0]))
  }

  async claim(floor: number): Promise<SessionRecord | undefined> {
    const reply = await this.#change(claimScript, floor)
    return reply && this.#recordOf(fieldsOf(reply[0]))
  }

  async look(): Promise<SessionRecord | undefined> {
    const fields = await this.#fields()
    return fields && this.#recordOf(fields)
  }

  async touch(epoch: number, usedAtMs: number): Promise<void> {
    this.#found(await this.#change(setScript, epoch, 'used', usedAtMs))
  }

  async write(epoch: number, { key, kind, content }: NewValue): Promise<number> {
    const [expires] = this.#found(await this.#change(mayWriteScript, epoch))
    const entry = await this.#pieces.write(kind, content, Number(expires))
    const [old, all] = await this.#refer(epoch, key, entry)
    await this.#dropOld(old)
    return bytesOf(entriesOf(fieldsOf(all)))
  }

  /** Makes `entry` the value of `key`. */
  async #refer(epoch: number, key: string, entry: PiecedEntry): Promise<readonly unknown[]> {
    try {
      return this.#found(await this.#change(setScript, epoch, valuePrefix + key, entryText(entry)))
    } catch (error) {
      // Without an answer nobody knows whether the value counts: its pieces stay.
      if (!(error instanceof StoreError)) await this.#pieces.drop([entry])
      throw error
    }
  }

  async read(key: string, from: number): Promise<StoredValue | undefined> {
    let looked: string | undefined
    for (;;) {
      const text = (await this.#fields())?.get(valuePrefix + key)
      if (text === undefined) return undefined
      const entry = entryOf(text)
      const { kind, bytes } = entry
      if (from >= bytes) return { kind, bytes, content: Readable.from([]) }
      const first = await this.#pieces.at(entry, from)
      if (first) {
        const content = Readable.from(this.#pieces.read(entry, from, first), { objectMode: false })
        return { kind, bytes, content }
      }
      // It has just been replaced, unless it is still the same.
      if (text === looked) throw new StoreError('A session value is not whole in the Redis store.')
      looked = text
    }
  }

  async remove(epoch: number, key: string): Promise<boolean> {
    const [old] = this.#found(await this.#change(removeScript, epoch, valuePrefix + key))
    return this.#dropOld(old)
  }

  /** Deletes the pieces of what a field has held; false when that was nothing. */
  async #dropOld(field: unknown): Promise<boolean> {
    const text = String(field)
    if (text === '') return false
    await this.#pieces.drop([entryOf(text)])
    return true
  }

  async list(): Promise<StoredEntry[]> {
    const fields = await this.#fields()
    return fields ? entriesOf(fields).map(({ key, kind, bytes }) => ({ key, kind, bytes })) : []
  }

  async destroy(epoch: number): Promise<boolean> {
    const reply = await this.#change(destroyScript, epoch)
    if (!reply) return false
    await this.#pieces.drop(entriesOf(fieldsOf(reply[1])))
    return true
  }

  async #fields(): Promise<Fields | undefined> {
    const [outcome, fields] = await this.#run(lookScript, [])
    return outcome === 'missing' ? undefined : fieldsOf(fields)
  }

  /** What a script gave; undefined when there is no such session. */
  async #change(
    script: string,
    epoch: number,
    ...args: (string | number)[]
  ): Promise<readonly unknown[] | undefined> {
    const [outcome, ...reply] = await this.#run(script, [epoch, ...args])
    if (outcome === 'stale') throw new StaleEpochError(epoch, Number(reply[0]))
    return outcome === 'missing' ? undefined : reply
  }

  #found(reply: readonly unknown[] | undefined): readonly unknown[] {
    if (!reply) throw new SessionNotFoundError(this.#id)
    return reply
  }

  async #run(script: string, args: readonly (string | number | undefined)[]): Promise<readonly unknown[]> {
    const reply = await this.#connection.evaluate(script, [this.#key], args.map(String))
    const [outcome, ...others] = reply as readonly unknown[]
    return [String(outcome), ...others]
  }

  #recordOf(fields: Fields): SessionRecord {
    const record = {
      id: this.#id,
      epoch: Number(fields.get('epoch')),
      expiresAtMs: Number(fields.get('expires')),
    }
    const idleMs = Number(fields.get('idle') ?? 0)
    return idleMs > 0 ? { ...record, idleMs, usedAtMs: Number(fields.get('used')) } : record
  }
}

function fieldsOf(flat: unknown): Fields {
  const texts = (flat as readonly Buffer[]).map(String)
  return new Map(texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : [])))
}

function entriesOf(fields: Fields): (PiecedEntry & StoredEntry)[] {
  return [...fields]
    .filter(([field]) => field.startsWith(valuePrefix))
    .map(([field, text]) => ({ key: field.slice(valuePrefix.length), ...entryOf(text) }))
}
