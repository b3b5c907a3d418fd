import { StaleEpochError } from '../errors.ts'
import { beginning, type EventLog, isPosition } from './events/event-log.ts'
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
    // The event without content that begins a stream: all of the stream comes after it.
    if (Object.keys(message).length === 0) return idOf(streamId, beginning)
    if (this.muted && isResponse(message)) return idOf(streamId, beginning)
    try {
      const position = await log.append(id, epoch, streamId, JSON.stringify(message))
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
      for (const { position, text } of await log.after(id, from.streamId, from.position)) {
        await send(idOf(from.streamId, position), JSON.parse(text) as never)
      }
      return from.streamId
    } finally {
      setImmediate(resolve)
    }
  }

  /** An id after which everything on the standalone stream comes that is not there yet. */
  async nextStandaloneId(): Promise<string> {
    return idOf(standaloneStream, await this.#lastPosition())
  }

  async #lastPosition(): Promise<string> {
    const { log, id } = this.#options
    return log.last(id).catch(() => beginning)
  }
}

function idOf(streamId: string, position: string): string {
  return `${streamId}_${position}`
}

function parse(eventId: string): { streamId: string; position: string } | undefined {
  const at = eventId.lastIndexOf('_')
  const position = eventId.slice(at + 1)
  return at > 0 && isPosition(position) ? { streamId: eventId.slice(0, at), position } : undefined
}
