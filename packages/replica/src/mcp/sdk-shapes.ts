import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * The parts of the official SDKs that are used here, as shapes: both generations have them (`@modelcontextprotocol/sdk`
 * from 1.10 on, `@modelcontextprotocol/server` with `/node` 2.x), and neither is imported.
 */

/** What an event store is given to send events with. `never`, since only the SDK knows the type of its messages. */
export interface EventSender {
  readonly send: (eventId: string, message: never) => Promise<void>
}

/** The SDKs' `EventStore`. */
export interface McpEventStore {
  storeEvent(streamId: string, message: object): Promise<string>
  getStreamIdForEventId(eventId: string): Promise<string | undefined>
  replayEventsAfter(lastEventId: string, sender: EventSender): Promise<string>
}

/** The options of a transport that sessions depend on: pass all of them on. Others can be added. */
export interface McpTransportOptions {
  sessionIdGenerator: () => string
  onsessioninitialized: (id: string) => void
  onsessionclosed: (id: string) => Promise<void>
  eventStore: McpEventStore
}

/** `StreamableHTTPServerTransport` (v1) or `NodeStreamableHTTPServerTransport` (v2). */
export interface McpTransport {
  handleRequest(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void>
  send(message: never, options?: never): Promise<void>
  close(): Promise<void>
  /** Absent in older versions, where the stream of a session that has moved ends with its last request. */
  closeStandaloneSSEStream?(): void
  onclose?: (() => void) | undefined
}

/** `McpServer` or `Server` of either generation. */
export interface McpServer {
  connect(transport: never): Promise<void>
  close(): Promise<void>
}

/** A JSON-RPC message, as far as it is looked at. */
export interface JsonRpcMessage {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: unknown
}
