import { setImmediate } from 'node:timers/promises'
import type { SessionEntry, SessionFilter, SessionPage, SessionsView } from '../admin/sessions-view.ts'
import type { Fleet } from '../replicas/fleet.ts'
import type { Keyring } from '../session/keyring.ts'
import { bucketOf, noReplica, type PinMemory } from '../session/pin-memory.ts'
import { PinScan, type ScannedPin } from '../session/pin-scan.ts'
import { PinTable } from '../session/pin-table.ts'
import { createSessionHasher } from '../session/siphash.ts'

/** How much of the table is read before other work of the main thread has its turn: 65,536 slots. */
const SLICE_BUCKETS = 4096

type Fleeting = Pick<Fleet, 'services'>

interface Home {
  readonly service: string
  readonly replica: string
}

/** The sessions of a router as its pin table has them, for the admin listener. */
export class PinSessions implements SessionsView {
  readonly #memory: PinMemory
  readonly #pins: PinTable
  readonly #scan: PinScan
  readonly #fleet: Fleeting
  readonly #keyring: Keyring
  readonly #onClosed: (key: Uint32Array) => void

  /** `onClosed` is told the key of each session that was closed here. */
  constructor(
    memory: PinMemory,
    fleet: Fleeting,
    keyring: Keyring,
    onClosed: (key: Uint32Array) => void = () => undefined,
  ) {
    this.#memory = memory
    this.#pins = new PinTable(memory)
    this.#scan = new PinScan(memory)
    this.#fleet = fleet
    this.#keyring = keyring
    this.#onClosed = onClosed
  }

  serviceNames(): readonly string[] {
    return this.#fleet.services.map(({ config }) => config.name)
  }

  hashOf(service: string, id: string): string {
    const key = new Uint32Array(4)
    createSessionHasher(this.#keyring.hashKey, service)(Buffer.from(id, 'utf8').toString('latin1'), key)
    // As the table has it: there a word of 0 is an empty slot.
    key[2] ||= 1
    return hexOf(key)
  }

  async list({ service, replica, minIdleMs = 0, limit }: SessionFilter): Promise<SessionPage> {
    const homes = this.#homes()
    const sessions: SessionEntry[] = []
    let total = 0
    let bucket = 0
    do {
      const nowMs = Date.now()
      bucket = this.#scan.walk(bucket, SLICE_BUCKETS, (pin) => {
        const home = homes.get(pin.replica)
        if (pin.expiresAtMs <= nowMs || nowMs - pin.usedAtMs < minIdleMs) return
        if (service !== undefined && home?.service !== service) return
        if (replica !== undefined && home?.replica !== replica) return
        total++
        if (sessions.length < limit) sessions.push(entryOf(pin, home, nowMs))
      })
      await setImmediate()
    } while (bucket !== 0)
    return { sessions, total, truncated: total > sessions.length }
  }

  async find(hash: string): Promise<SessionEntry | undefined> {
    const key = keyOf(hash)
    const nowMs = Date.now()
    let found: SessionEntry | undefined
    const visit = (pin: ScannedPin): void => {
      if (pin.expiresAtMs > nowMs && hexOf(pin.key) === hash)
        found = entryOf(pin, this.#homes().get(pin.replica), nowMs)
    }
    for (const word of [key[0]!, key[1]!]) this.#scan.walk(bucketOf(word, this.#memory.buckets), 1, visit)
    return found
  }

  async close(hash: string): Promise<SessionEntry | undefined> {
    const entry = await this.find(hash)
    if (entry === undefined || entry.closed) return entry
    const key = keyOf(hash)
    const nowMs = Date.now()
    this.#pins.close(key, nowMs, nowMs + entry.expiresInMs)
    this.#onClosed(key)
    return entry
  }

  #homes(): Map<number, Home> {
    const homes = new Map<number, Home>()
    for (const { config, replicas } of this.#fleet.services)
      for (const { id, config: replica } of replicas)
        homes.set(id, { service: config.name, replica: replica.name })
    return homes
  }
}

function entryOf(pin: ScannedPin, home: Home | undefined, nowMs: number): SessionEntry {
  return {
    hash: hexOf(pin.key),
    service: home?.service ?? null,
    replica: home?.replica ?? null,
    closed: pin.replica === noReplica,
    epoch: pin.epoch,
    idleMs: Math.max(nowMs - pin.usedAtMs, 0),
    expiresInMs: pin.expiresAtMs - nowMs,
  }
}

function hexOf(key: Uint32Array): string {
  return [...key].map((word) => word.toString(16).padStart(8, '0')).join('')
}

function keyOf(hash: string): Uint32Array {
  return Uint32Array.from({ length: 4 }, (_, word) => Number.parseInt(hash.slice(word * 8, word * 8 + 8), 16))
}
