import { setImmediate } from 'node:timers/promises'
import type { SessionEntry, SessionFilter, SessionPage, SessionsView } from '../admin/sessions-view.ts'
import type { Fleet } from '../replicas/fleet.ts'
import type { Keyring } from '../session/keyring.ts'
import { noReplica, type PinMemory } from '../session/pin-memory.ts'
import { PinScan, type ScannedPin } from '../session/pin-scan.ts'
import { PinTable } from '../session/pin-table.ts'
import { createSessionHasher } from '../session/siphash.ts'
import { pinKey, readPinKey } from '../session/store/pin-store.ts'

/** How much of the table is read before other work of the main thread has its turn: 65,536 slots. */
const SLICE_BUCKETS = 4096

type Fleeting = Pick<Fleet, 'services' | 'nameOf'>

/** The sessions of a router as its pin table has them, for the admin listener. */
export class PinSessions implements SessionsView {
  readonly #pins: PinTable
  readonly #scan: PinScan
  readonly #fleet: Fleeting
  readonly #keyring: Keyring
  readonly #onClosed: (session: SessionEntry, untilMs: number) => void

  /** `onClosed` is told of each session that was closed here, and until when that is to be remembered. */
  constructor(
    memory: PinMemory,
    fleet: Fleeting,
    keyring: Keyring,
    onClosed: (session: SessionEntry, untilMs: number) => void = () => undefined,
  ) {
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
    return pinKey(key)
  }

  async list({ service, replica, minIdleMs = 0, limit }: SessionFilter): Promise<SessionPage> {
    const sessions: SessionEntry[] = []
    let total = 0
    let bucket = 0
    do {
      const nowMs = Date.now()
      bucket = this.#scan.walk(bucket, SLICE_BUCKETS, (pin) => {
        const home = this.#fleet.nameOf(pin.replica)
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
    const pins = this.#pins
    if (!pins.look(key, nowMs)) return undefined
    const { replica, epoch, usedAtMs, expiresAtMs } = pins
    return entryOf({ key, replica, epoch, usedAtMs, expiresAtMs }, this.#fleet.nameOf(replica), nowMs)
  }

  async close(hash: string): Promise<SessionEntry | undefined> {
    const entry = await this.find(hash)
    if (entry === undefined || entry.closed) return entry
    const nowMs = Date.now()
    const untilMs = nowMs + entry.expiresInMs
    this.#pins.close(keyOf(hash), nowMs, untilMs)
    this.#onClosed(entry, untilMs)
    return entry
  }
}

function entryOf(
  pin: Omit<ScannedPin, 'deadlineMs'>,
  home: { readonly service: string; readonly replica: string } | undefined,
  nowMs: number,
): SessionEntry {
  return {
    hash: pinKey(pin.key),
    service: home?.service ?? null,
    replica: home?.replica ?? null,
    closed: pin.replica === noReplica,
    epoch: pin.epoch,
    idleMs: Math.max(nowMs - pin.usedAtMs, 0),
    expiresInMs: pin.expiresAtMs - nowMs,
  }
}

function keyOf(hash: string): Uint32Array {
  return readPinKey(hash, new Uint32Array(4))
}
