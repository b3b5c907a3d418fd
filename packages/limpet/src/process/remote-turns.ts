import type { MessagePort } from 'node:worker_threads'
import type { Turn, Turns } from '../session/turns.ts'

/** What a serving thread asks of the keeper of turns. Without a key: it leaves. */
export interface TurnRequest {
  readonly id: number
  readonly key?: Uint32Array
}

/** What the keeper answers to a request with a key, once, unless it was left before. */
export interface TurnAnswer {
  readonly id: number
  readonly granted: boolean
}

/** Turns that the main thread keeps, so that a session's requests stand in one line whatever thread they came by. */
export class RemoteTurns implements Turns {
  readonly #port: MessagePort
  readonly #waiting = new Map<number, (granted: boolean) => void>()
  #nextId = 0

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', ({ id, granted }: TurnAnswer) => {
      const onTurn = this.#waiting.get(id)
      this.#waiting.delete(id)
      onTurn?.(granted)
    })
    port.unref()
  }

  take(key: Uint32Array, onTurn: (granted: boolean) => void): Turn {
    const id = this.#nextId++
    this.#waiting.set(id, onTurn)
    this.#send({ id, key })
    return {
      leave: () => {
        this.#waiting.delete(id)
        this.#send({ id })
      },
    }
  }

  #send(request: TurnRequest): void {
    this.#port.postMessage(request)
  }
}
