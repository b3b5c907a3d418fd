import { AsyncLocalStorage } from 'node:async_hooks'
import { StaleEpochError } from '../errors.ts'
import { beginning, comparePositions, isPosition } from '../position.ts'
import type { EventLog } from './events/event-log.ts'
import { isResponse } from './messages.ts'
import type { EventSender, JsonRpcMessage, McpEventStore } from './sdk-shapes.ts'

/** How both SDKs call the stream of a GET without `Last-Event-ID`. */
export const standaloneStream = '_GET_stream'

export interface SessionEventsOptions {
  readonly log: EventLog
  readonly id: string
  readonly epoch: number
  /** Called when another replica has the session by now. */
  readonly onStale: () => void
  /** Takes errors of a log that can't be written to: its events are delivered all the same, and not kept. */
  readonly report: (error: unknown, what: string) => void
}

const lostMessage =
  'The replica that had this request in hand has lost the session. It may have been executed or not.'

/** The ids of the requests in the POST that a transport is handling, which it does not tell its event store. */
const handled = new AsyncLocalStorage<readonly unknown[]>()

/** Runs a transport's work on a POST with these requests. */
export function whileHandling<T>(requestIds: readonly unknown[], work: () => T): T {
  return handled.run(requestIds, work)
}

/** Kept at the beginning of a stream: which requests it is to answer, and who has them in hand. No client sees it. */
interface Begun {
  readonly limpet: { readonly requests: readonly unknown[]; readonly epoch: number }
}

/** The event store of one live session, for the SDKs' transports. An event's id is its stream and its position. */
export class SessionEvents implements McpEventStore {
  readonly #options: SessionEventsOptions
  /** While what a fresh server answers to replayed messages is of no interest to anyone. */
  muted = false
  /** Resolves when no client is being replayed events, and the transport has its stream. */
  #replayed = Promise.resolve()

  constructor(options: SessionEventsOptions) {
    this.#options = options
  }

  async storeEvent(streamId: string, message: JsonRpcMessage): Promise<string> {
    const { log, id, epoch, onStale, report } = this.#options
    if (this.muted && (isResponse(message) || isEmpty(message))) return idOf(streamId, beginning)
    const kept = isEmpty(message) ? this.#begun() : message
    if (kept === undefined) return idOf(streamId, beginning)
    try {
      const position = await log.append(id, epoch, streamId, JSON.stringify(kept))
      // Else it would fall between what is replayed and what is sent on the stream that is being opened.
      await this.#replayed
      return idOf(streamId, position)
    } catch (error) {
      // A server that sends something without waiting for it would end the process if this failed.
      if (error instanceof StaleEpochError) onStale()
      else report(error, 'keep an event of an MCP session')
      return idOf(streamId, await this.#lastPosition())
    }
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return parse(eventId)?.streamId
  }

  async replayEventsAfter(lastEventId: string, { send }: EventSender): Promise<string> {
    const from = parse(lastEventId)
    if (!from) throw new Error('Not an event id of this server')
    const { log, id } = this.#options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#replayed = Promise.all([this.#replayed, promise]).then(() => {})
    try {
      const answered = new Set<unknown>()
      let begun: Begun | undefined
      for (const { position, text } of await log.after(id, from.streamId, beginning)) {
        const message = JSON.parse(text) as JsonRpcMessage | Begun
        if ('limpet' in message) {
          begun = message
          continue
        }
        if (isResponse(message)) answered.add(message.id)
        const isNew = comparePositions(position, from.position) > 0
        if (isNew) await send(idOf(from.streamId, position), message as never)
      }
      if (begun) await this.#answerLost(from.streamId, begun, answered, send)
      return from.streamId
    } finally {
      setImmediate(resolve)
    }
  }

  /** An id after which everything on the standalone stream comes that is not there yet. */
  async nextStandaloneId(): Promise<string> {
    return idOf(standaloneStream, await this.#lastPosition())
  }

  /**
   * Answers requests whose answer can't come any more: they were in the hands of a replica that has lost the session
   * since, from which moment the log takes nothing from it.
   */
  async #answerLost(
    streamId: string,
    { limpet: { requests, epoch } }: Begun,
    answered: ReadonlySet<unknown>,
    send: EventSender['send'],
  ): Promise<void> {
    const { log, id, epoch: ownEpoch } = this.#options
    if (epoch >= ownEpoch) return
    for (const request of requests) {
      if (answered.has(request)) continue
      const message = { jsonrpc: '2.0', id: request, error: { code: -32000, message: lostMessage } }
      const position = await log.append(id, ownEpoch, streamId, JSON.stringify(message))
      await send(idOf(streamId, position), message as never)
    }
  }

  #begun(): Begun | undefined {
    const requests = handled.getStore() ?? []
    return requests.length > 0 ? { limpet: { requests, epoch: this.#options.epoch } } : undefined
  }

  async #lastPosition(): Promise<string> {
    const { log, id } = this.#options
    return log.last(id).catch(() => beginning)
  }
}

/** Whether it is the event without content by which a transport begins a stream. */
function isEmpty(message: object): boolean {
  return Object.keys(message).length === 0
}

function idOf(streamId: string, position: string): string {
  return `${streamId}_${position}`
}

function parse(eventId: string): { streamId: string; position: string } | undefined {
  const at = eventId.lastIndexOf('_')
  const position = eventId.slice(at + 1)
  return at > 0 && isPosition(position) ? { streamId: eventId.slice(0, at), position } : undefined
}
