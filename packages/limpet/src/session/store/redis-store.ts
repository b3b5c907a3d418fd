import { randomBytes } from 'node:crypto'
import type { LostPin, OpenPinStore, PinStore, PinStoreEvents, StoredNote, StoredPin } from './pin-store.ts'
import { parseRecord, recordText } from './record-text.ts'
import type { ConnectRedis, RedisCall, RedisClient } from './redis-client.ts'
import { offerNotes, offerPins, type RedisScript } from './redis-script.ts'

const prefix = 'limpet:pin:'
const notePrefix = 'limpet:note:'
const channel = 'limpet:changes'
/** Keys in one call of the script: a server does nothing else meanwhile (some 200 µs). */
const KEYS_A_CALL = 100

/** A store in Redis or Valkey, reached by clients that `connect` makes. */
export function redisStore(connect: ConnectRedis): OpenPinStore {
  return async (events, signal) => {
    const client = await connect((error) => events.failed(error), signal)
    const giveUp = (): void => client.destroy()
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      const store = new RedisStore(client, events)
      await store.watch()
      signal.removeEventListener('abort', giveUp)
      return store
    } catch (error) {
      client.destroy()
      throw error
    }
  }
}

class RedisStore implements PinStore {
  readonly #client: RedisClient
  readonly #events: PinStoreEvents
  readonly #origin = randomBytes(8).toString('hex')

  constructor(client: RedisClient, events: PinStoreEvents) {
    this.#client = client
    this.#events = events
  }

  async watch(): Promise<void> {
    await this.#client.subscribe(channel, (message) => this.#onMessage(message))
  }

  async write(pins: readonly StoredPin[]): Promise<readonly LostPin[]> {
    // In a cluster each key may be on a server of its own.
    const size = this.#client.isCluster ? 1 : KEYS_A_CALL
    const calls: Promise<readonly LostPin[]>[] = []
    for (let at = 0; at < pins.length; at += size) calls.push(this.#offer(pins.slice(at, at + size)))
    return (await Promise.all(calls)).flat()
  }

  async read(keys: readonly string[]): Promise<readonly (StoredPin | undefined)[]> {
    if (keys.length === 0) return []
    const names = keys.map((key) => prefix + key)
    const texts = this.#client.isCluster
      ? await Promise.all(names.map((name) => this.#client.get(name)))
      : await this.#client.mGet(names)
    const nowMs = Date.now()
    return keys.map((key, index) => {
      const pin = this.#parse(key, texts[index])
      return pin !== undefined && pin.expiresAtMs > nowMs ? pin : undefined
    })
  }

  async writeNotes(notes: readonly StoredNote[]): Promise<readonly (string | undefined)[]> {
    const size = this.#client.isCluster ? 1 : KEYS_A_CALL
    const calls: Promise<unknown>[] = []
    for (let at = 0; at < notes.length; at += size) {
      const some = notes.slice(at, at + size)
      const nowMs = Date.now()
      calls.push(
        this.#call(offerNotes, {
          keys: some.map(({ key }) => notePrefix + key),
          arguments: some.flatMap(({ version, owner, text, expiresAtMs }) => [
            `${Math.max(0, Math.ceil(expiresAtMs - nowMs))}`,
            `${version}`,
            owner,
            text,
          ]),
        }),
      )
    }
    const answers = (await Promise.all(calls)).flat()
    return notes.map((_, index) => noteText(answers[index]))
  }

  async readNote(key: string): Promise<string | undefined> {
    return noteText(await this.#client.get(notePrefix + key))
  }

  async check(): Promise<void> {
    await this.#client.mGet([`${prefix}check`])
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  async #offer(pins: readonly StoredPin[]): Promise<readonly LostPin[]> {
    const nowMs = Date.now()
    const call = {
      keys: pins.map(({ key }) => prefix + key),
      arguments: [channel, this.#origin, `${nowMs}`].concat(
        pins.flatMap((pin) => [`${Math.max(0, pin.expiresAtMs - nowMs)}`, recordText(pin)]),
      ),
    }
    const answers = await this.#call(offerPins, call)
    return pins.flatMap((offered, index) => {
      const text = (answers as readonly unknown[])[index]
      const standing = text === '' ? undefined : this.#parse(offered.key, text)
      return standing === undefined ? [] : [{ offered, standing }]
    })
  }

  async #call({ sha1, source }: RedisScript, call: RedisCall): Promise<unknown> {
    try {
      return await this.#client.evalSha(sha1, call)
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      return this.#client.eval(source, call)
    }
  }

  #parse(key: string, text: unknown): StoredPin | undefined {
    if (text === null || text === undefined) return undefined
    const pin = parseRecord(key, text)
    if (pin === undefined) this.#events.invalid()
    return pin
  }

  #onMessage(message: string): void {
    const [, origin, name = '', text] = /^(\w+) (\S+) (.*)$/s.exec(message) ?? []
    if (origin === this.#origin) return
    const pin = name.startsWith(prefix) ? this.#parse(name.slice(prefix.length), text) : undefined
    if (pin !== undefined) this.#events.changed(pin)
    else if (text === undefined) this.#events.invalid()
  }
}

/** The text of a note's value; undefined for what is none. */
function noteText(value: unknown): string | undefined {
  return typeof value === 'string' ? /^\d+:[0-9a-f]*:(.*)$/s.exec(value)?.[1] : undefined
}
