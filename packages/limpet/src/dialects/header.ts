import type { ServiceConfig, SessionSourceConfig } from '../config/schema.ts'
import { createKeyReader, type KeyReader } from '../session/session-key.ts'
import type { Dialect, DialectParts, NamedSession, SessionState } from './dialect.ts'

/** The reader of a source other than the router's own cookie. */
export function readerOf(
  source: Exclude<SessionSourceConfig, { kind: 'own-cookie' }>,
  parts: DialectParts,
): KeyReader {
  if (source.kind !== 'module') return createKeyReader(source)
  const nameSession = parts.modules.get(source.path)
  if (nameSession === undefined) throw new TypeError(`The module ${source.path} was not loaded.`)
  return createKeyReader({ kind: 'function', nameSession: nameSession as never })
}

/** Sessions that the client names by itself: in a header, a cookie of the application, the query and so on. */
export function createHeaderDialect(service: ServiceConfig, parts: DialectParts): Dialect {
  const readers = service.session
    .filter((source) => source.kind !== 'own-cookie')
    .map((source) => readerOf(source, parts))
  const { ttlMs, maxAgeMs } = service
  return {
    state: 'none' as SessionState,
    name(request): NamedSession | undefined {
      for (const read of readers) {
        const key = read(request)
        if (key !== undefined) return { key, carried: undefined, isNew: false, ttlMs, maxAgeMs }
      }
      return undefined
    },
    tell: () => '',
    end: () => '',
  }
}
