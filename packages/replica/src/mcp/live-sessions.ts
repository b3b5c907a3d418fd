import { FullError } from '../errors.ts'
import { endOf } from '../store/store.ts'
import type { LiveSession } from './live-session.ts'

/** The sessions in this process's memory, and when those end that were there. */
export class LiveSessions {
  readonly #maxLive: number
  readonly #onForgotten: (id: string) => void
  /** The one used longest ago first. */
  readonly #live = new Map<string, LiveSession>()
  /** When sessions would end that are let go of, in milliseconds since 1970. */
  readonly #resting = new Map<string, number>()

  /** `onForgotten` is called when a session is not in memory any more, for whatever reason. */
  constructor(maxLive: number, onForgotten: (id: string) => void) {
    this.#maxLive = maxLive
    this.#onForgotten = onForgotten
  }

  get size(): number {
    return this.#live.size
  }

  get(id: string): LiveSession | undefined {
    return this.#live.get(id)
  }

  /** All of them, as they are now. */
  all(): LiveSession[] {
    return [...this.#live.values()]
  }

  /** Takes one in, or notes that it is used. */
  use(live: LiveSession): void {
    this.#resting.delete(live.id)
    this.#live.delete(live.id)
    this.#live.set(live.id, live)
  }

  /**
   * Lets go of sessions, until there is room for one more beside `coming`.
   * @throws {FullError} when all that are left have requests under way
   */
  makeRoom(coming: number): void {
    while (this.#live.size + coming >= this.#maxLive) {
      const candidates = this.all().filter(({ users }) => users === 0)
      const oldest = candidates.find(({ streams }) => streams.size === 0) ?? candidates[0]
      if (!oldest) throw new FullError(this.#maxLive)
      this.rest(oldest)
    }
  }

  /** Lets go of one that the store has. */
  rest(live: LiveSession): void {
    this.#resting.set(live.id, endOf({ ...live.record, usedAtMs: live.lastUsedMs }))
    this.retire(live)
  }

  /** No request comes to this copy any more. */
  retire(live: LiveSession): void {
    this.forget(live)
    live.retire()
  }

  /** This copy is gone. */
  forget(live: LiveSession): void {
    if (this.#live.get(live.id) !== live) return
    this.#live.delete(live.id)
    this.#onForgotten(live.id)
  }

  /** The ids of those that were let go of and may have ended by now. */
  due(nowMs: number): string[] {
    return [...this.#resting].filter(([, endMs]) => nowMs >= endMs).map(([id]) => id)
  }

  /** One that was let go of ends then; undefined when it has ended. */
  restUntil(id: string, endMs: number | undefined): void {
    if (endMs === undefined) this.#resting.delete(id)
    else if (this.#resting.has(id)) this.#resting.set(id, endMs)
  }
}
