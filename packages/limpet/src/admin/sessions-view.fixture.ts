import { createHash } from 'node:crypto'
import type { SessionEntry, SessionsView } from './sessions-view.ts'

/** The sessions of a view in memory; `hashOf` is a plain hash there. */
export function sampleHash(service: string, id: string): string {
  return createHash('sha256').update(`${service}\0${id}`).digest('hex').slice(0, 32)
}

/** A session with what a test does not care about filled in. */
export function sampleSession(
  service: string,
  id: string,
  changes: Partial<SessionEntry> = {},
): SessionEntry {
  const hash = sampleHash(service, id)
  const entry = { hash, service, replica: 'a', closed: false, epoch: 0, idleMs: 1000, expiresInMs: 60_000 }
  return { ...entry, ...changes }
}

/** A view of sessions in memory. */
export function memorySessions(
  serviceNames: readonly string[],
  sessions: readonly SessionEntry[],
): SessionsView {
  const byHash = new Map(sessions.map((session) => [session.hash, session]))
  return {
    serviceNames: () => serviceNames,
    hashOf: sampleHash,
    async list({ service, replica, minIdleMs = 0, limit }) {
      const matching = [...byHash.values()].filter(
        (session) =>
          (service === undefined || session.service === service) &&
          (replica === undefined || session.replica === replica) &&
          session.idleMs >= minIdleMs,
      )
      const total = matching.length
      return { sessions: matching.slice(0, limit), total, truncated: total > limit }
    },
    find: async (hash) => byHash.get(hash),
    async close(hash) {
      const session = byHash.get(hash)
      if (session !== undefined) byHash.set(hash, { ...session, replica: null, closed: true })
      return session
    },
  }
}
