/** MCP sessions that any replica can resume, for servers on the official SDKs. */
export { StaleEpochError, StoreError } from '../errors.ts'
export type { EventLimits } from './events/event-log.ts'
export type { McpSessions } from './mcp-sessions.ts'
export { openMcpSessions } from './mcp-sessions.ts'
export { type McpStore, type McpStoreOptions, openMcpStore } from './open-store.ts'
export type { McpSession, McpSessionsOptions } from './options.ts'
export type { McpEventStore, McpServer, McpTransport, McpTransportOptions } from './sdk-shapes.ts'
export type { SessionState } from './session-state.ts'
