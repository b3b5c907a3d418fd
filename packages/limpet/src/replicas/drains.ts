import type { ReplicaBoard } from './replica-board.ts'

interface Drain {
  readonly sinceMs: number
  readonly sinceWallMs: number
  timer: NodeJS.Timeout | undefined
}

/** The replicas that drain, and when each has had its time. */
export class Drains {
  readonly #board: ReplicaBoard
  readonly #drains = new Map<number, Drain>()

  constructor(board: ReplicaBoard) {
    this.#board = board
  }

  /**
   * A replica drains, and is drained `timeoutMs` after the first call that says so; 0: never. A later call may
   * change the time.
   */
  begin(slot: number, timeoutMs: number): void {
    const nowMs = performance.now()
    const drain = this.#drains.get(slot) ?? { sinceMs: nowMs, sinceWallMs: Date.now(), timer: undefined }
    this.#drains.set(slot, drain)
    clearTimeout(drain.timer)
    const leftMs = drain.sinceMs + timeoutMs - nowMs
    const isOver = timeoutMs > 0 && leftMs <= 0
    this.#board.setDrain(
      slot,
      drain.sinceWallMs,
      timeoutMs > 0 ? drain.sinceWallMs + timeoutMs : Number.POSITIVE_INFINITY,
    )
    this.#board.setMode(slot, isOver ? 'drained' : 'draining')
    if (timeoutMs > 0 && !isOver)
      drain.timer = setTimeout(() => this.#board.setMode(slot, 'drained'), leftMs).unref()
  }

  /** It takes new sessions again. */
  end(slot: number): void {
    this.forget(slot)
    this.#board.setMode(slot, 'ready')
  }

  /** It is no replica any more. */
  forget(slot: number): void {
    clearTimeout(this.#drains.get(slot)?.timer)
    this.#drains.delete(slot)
  }

  stop(): void {
    for (const slot of [...this.#drains.keys()]) this.forget(slot)
  }
}
