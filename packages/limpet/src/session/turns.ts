/** A request's place in its session's line. */
export interface Turn {
  /** Ends the turn, or gives the place up; what comes after the first call changes nothing. */
  leave(): void
}

/** Lets the requests of a session go one at a time, in the order in which they came. */
export interface Turns {
  /**
   * Stands in line for the session `key` (four words, read during the call). `onTurn` is called once, perhaps at
   * once: with true when it is this request's turn, with false where too many stand in line before it or it has
   * stood there too long. It is not called after `leave`.
   */
  take(key: Uint32Array, onTurn: (granted: boolean) => void): Turn
}

/** How many requests of one session may wait. */
const MOST_WAITING = 100
/** How long a request may wait, in milliseconds. */
const MOST_WAIT_MS = 60_000

interface Waiting {
  onTurn(granted: boolean): void
  readonly timer: NodeJS.Timeout
}

/** Lines in the memory of one thread. */
export class LocalTurns implements Turns {
  /** Those who wait, of each session whose turn somebody has. */
  readonly #lines = new Map<string, Set<Waiting>>()
  readonly #mostWaitMs: number

  constructor(mostWaitMs = MOST_WAIT_MS) {
    this.#mostWaitMs = mostWaitMs
  }

  /** Sessions that have a request under way. */
  get size(): number {
    return this.#lines.size
  }

  take(key: Uint32Array, onTurn: (granted: boolean) => void): Turn {
    const name = key.join('.')
    const waiting = this.#lines.get(name)
    if (waiting === undefined) {
      this.#lines.set(name, new Set())
      onTurn(true)
      return this.#turn(name)
    }
    if (waiting.size >= MOST_WAITING) {
      onTurn(false)
      return { leave: () => undefined }
    }
    return this.#wait(name, waiting, onTurn)
  }

  #wait(name: string, waiting: Set<Waiting>, onTurn: (granted: boolean) => void): Turn {
    let turn: Turn | undefined
    const timer = setTimeout(() => {
      waiting.delete(place)
      onTurn(false)
    }, this.#mostWaitMs)
    timer.unref()
    const place: Waiting = {
      timer,
      onTurn: (granted) => {
        turn = this.#turn(name)
        onTurn(granted)
      },
    }
    waiting.add(place)
    return {
      leave: () => {
        clearTimeout(timer)
        waiting.delete(place)
        turn?.leave()
      },
    }
  }

  /** The turn of the request that is now the session's first. */
  #turn(name: string): Turn {
    let left = false
    return {
      leave: () => {
        if (left) return
        left = true
        this.#next(name)
      },
    }
  }

  #next(name: string): void {
    const waiting = this.#lines.get(name)
    const [first] = waiting ?? []
    if (waiting === undefined || first === undefined) {
      this.#lines.delete(name)
      return
    }
    waiting.delete(first)
    clearTimeout(first.timer)
    first.onTurn(true)
  }
}
