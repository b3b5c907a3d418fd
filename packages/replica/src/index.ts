/** What a stateful server behind a sticky-session router needs. */
export { type ExpressMiddleware, expressMiddleware } from './adapters/express.ts'
export { type FastifyHook, fastifyHook } from './adapters/fastify.ts'
export { type HonoMiddleware, honoMiddleware } from './adapters/hono.ts'
export { type Container, type ContainerOptions, createContainer, type Handler } from './container.ts'
export type { BytesInput } from './content.ts'
export * from './errors.ts'
export type { Visitor } from './invocation.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { Listening, ListenOptions } from './listen.ts'
export type { Ready } from './ping.ts'
export { Session } from './session.ts'
export type { SessionHooks, Sessions } from './sessions.ts'
export { readSettings, type Settings } from './settings.ts'
export { onStopSignal, type StopSignal } from './stop-signal.ts'
export { createFileStore, type FileStoreOptions } from './store/file-store.ts'
export { createMemoryStore } from './store/memory-store.ts'
export { createRedisStore, type RedisStoreOptions } from './store/redis-store.ts'
export type {
  NewValue,
  SessionRecord,
  SessionStore,
  StoredEntry,
  StoredValue,
  ValueKind,
} from './store/store.ts'
export { type Visit, visitOf } from './visit.ts'
