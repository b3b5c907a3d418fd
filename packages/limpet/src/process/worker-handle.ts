import { MessageChannel, Worker } from 'node:worker_threads'
import { LimpetError, StartError } from '../errors.ts'
import type { SessionRecords } from '../session/session-record.ts'
import type { Turns } from '../session/turns.ts'
import { keepRecords } from './record-keeper.ts'
import type { ThreadHooks } from './routing-thread.ts'
import { keepTurns } from './turn-keeper.ts'
import type { AnswerMessage, Order, OrderMessage, WorkerMessage, WorkerStart } from './worker-messages.ts'

/**
 * Room for new objects. Few of a request's objects outlive it, so the default of 48 MB collects no faster, and
 * its slack is a quarter of the memory of a busy thread.
 */
const maxYoungGenerationSizeMb = 12

interface Waiting {
  resolve(): void
  reject(error: Error): void
}

/** What the main thread keeps of sessions for all workers. */
export interface SessionKeepers {
  readonly turns: Turns
  readonly records: SessionRecords
}

/** The main thread's end of one worker thread. */
export class WorkerHandle {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #nextId = 0
  #exited = false

  /** `onExit` is called once when the thread ends; `error` is what it died of. */
  constructor(
    start: Omit<WorkerStart, 'turns' | 'records'>,
    { turns, records }: SessionKeepers,
    hooks: ThreadHooks,
    onExit: (error: Error | undefined) => void,
  ) {
    const turnsChannel = new MessageChannel()
    keepTurns(turnsChannel.port1, turns)
    const recordsChannel = new MessageChannel()
    keepRecords(recordsChannel.port1, records)
    const ports = { turns: turnsChannel.port2, records: recordsChannel.port2 }
    // The same file compiled, where this one is.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
    this.#worker = new Worker(entry, {
      workerData: { ...start, ...ports } satisfies WorkerStart,
      transferList: [ports.turns, ports.records],
      name: `limpet-${start.thread}`,
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    let fault: Error | undefined
    this.#worker.on('message', (message: WorkerMessage) => this.#onMessage(message, hooks))
    this.#worker.on('error', (error: Error) => {
      fault = error
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#exited = true
        const error = fault ?? new StartError('LIMPET_WORKER_ENDED', 'The worker thread has ended.')
        for (const { reject } of this.#waiting.values()) reject(error)
        this.#waiting.clear()
        onExit(fault)
        resolve()
      })
    })
  }

  /** Has the worker carry out an order; rejects with its error, or when the thread ends or takes too long. */
  async send(body: Order, timeoutMs: number): Promise<void> {
    if (this.#exited) throw new StartError('LIMPET_WORKER_ENDED', 'The worker thread has ended.')
    const id = this.#nextId++
    const done = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(
          new StartError(
            'LIMPET_WORKER_STUCK',
            `A worker thread did not ${body.order} within ${timeoutMs} ms.`,
          ),
        )
      }, timeoutMs)
      this.#waiting.set(id, {
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
    })
    const message: OrderMessage = { id, body }
    this.#worker.postMessage(message)
    await done
  }

  /** Resolves when the thread has ended; ends it by force. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
    await this.#ended
  }

  #onMessage(message: WorkerMessage, hooks: ThreadHooks): void {
    if (message.kind === 'warn') {
      hooks.warn(message.message, message.fields)
      return
    }
    if (message.kind === 'access') {
      hooks.access(message.records)
      return
    }
    if (message.kind === 'notes') {
      hooks.notes(message.notes)
      return
    }
    if (message.kind === 'lookup') {
      const { lookup } = message
      hooks.lookup(message.keys, (found) => {
        const answer: AnswerMessage = { lookup, found }
        // To a thread that has ended it goes nowhere.
        this.#worker.postMessage(answer)
      })
      return
    }
    const waiting = this.#waiting.get(message.id)
    if (message.kind === 'done') waiting?.resolve()
    else waiting?.reject(new LimpetError(message.code, message.message))
    this.#waiting.delete(message.id)
  }
}
