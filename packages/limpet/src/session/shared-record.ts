import { createHash } from 'node:crypto'
import type { SessionRecord } from './session-record.ts'

/** Replicas by the names that all routers know them by. */
export interface ReplicaNames {
  nameOf(id: number): { readonly service: string; readonly replica: string } | undefined
  findId(service: string, replica: string): number | undefined
}

/** A record as routers share it; undefined where its replica has no name any more. */
export function sharedText({ replica, ...record }: SessionRecord, names: ReplicaNames): string | undefined {
  const home = names.nameOf(replica)
  return home && JSON.stringify({ ...record, home: [home.service, home.replica] })
}

/** Of two routers that move a session at once, each has another id for it: who wrote a record. */
export function ownerOf({ idAtReplica }: SessionRecord): string {
  return createHash('sha256').update(idAtReplica).digest('hex').slice(0, 16)
}

/** The record that a text holds; what no router wrote, or of a replica that is unknown here, holds none. */
export function parseShared(text: string, names: ReplicaNames): SessionRecord | undefined {
  try {
    const { epoch, ttlMs, idAtReplica, opening, settings, home } = JSON.parse(text)
    const replica = isPair(home) ? names.findId(home[0], home[1]) : undefined
    const isRecord =
      replica !== undefined &&
      Number.isInteger(epoch) &&
      Number.isInteger(ttlMs) &&
      typeof idAtReplica === 'string' &&
      // It goes into a field line.
      /^[\x21-\x7e]+$/.test(idAtReplica) &&
      isJson(opening) &&
      Array.isArray(settings) &&
      settings.every((setting) => isPair(setting) && isJson(setting[1]))
    return isRecord ? { epoch, ttlMs, replica, idAtReplica, opening, settings } : undefined
  } catch {
    return undefined
  }
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
}

/** Whether it is the text of a JSON object, as the contents are that begin a session. */
function isJson(text: unknown): text is string {
  const value: unknown = JSON.parse(String(text))
  return typeof text === 'string' && typeof value === 'object' && value !== null
}
