/** How often streams are looked at, in milliseconds. */
const EVERY_MS = 500
/** In how many rounds the streams of a replica are moved that has many of them. */
const ROUNDS = 20
const LEAST_A_ROUND = 4

/** An open stream of a session that can go on at another replica. */
export interface MovableStream {
  readonly session: string
  /** `elsewhere`: its session has gone on at another replica; `drained`: its replica is to have no sessions any more. */
  whyMove(): 'elsewhere' | 'drained' | undefined
  /** Has it go on at the session's home, wherever that is now. */
  move(): void
}

/**
 * The streams of one thread that can follow their sessions. Those that hold their sessions at a replica which has
 * drained are moved a few at a time, those of sessions with nothing else under way first, the others when that is
 * done.
 */
export class SessionStreams {
  readonly #streams = new Set<MovableStream>()
  /** How many other requests each session has under way. */
  readonly #busy = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size
  }

  /** A stream has begun; call what is returned when it is over. */
  open(stream: MovableStream): () => void {
    this.#streams.add(stream)
    this.#timer ??= setInterval(() => this.#round(), EVERY_MS).unref()
    return () => {
      this.#streams.delete(stream)
      if (this.#streams.size === 0) this.stop()
    }
  }

  /** A request of a session is under way; call what is returned when it is over. */
  work(session: string): () => void {
    this.#busy.set(session, (this.#busy.get(session) ?? 0) + 1)
    return () => {
      const left = this.#busy.get(session)! - 1
      if (left === 0) this.#busy.delete(session)
      else this.#busy.set(session, left)
    }
  }

  /** Looks after no stream any more. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #round(): void {
    const drained: MovableStream[] = []
    for (const stream of [...this.#streams]) {
      const why = stream.whyMove()
      if (why === 'elsewhere') stream.move()
      else if (why === 'drained') drained.push(stream)
    }
    const idle = drained.filter(({ session }) => !this.#busy.has(session))
    const most = Math.max(LEAST_A_ROUND, Math.ceil(drained.length / ROUNDS))
    for (const stream of idle.slice(0, most)) stream.move()
  }
}
