/** How a session began, and what its client has set since. */
export interface Opening {
  /** The content of the request that began it. */
  readonly opening: string
  /** Contents of later requests that set something for the session, by what they set, in their order. */
  readonly settings: readonly (readonly [name: string, content: string])[]
}

/**
 * What it takes to go on with a session at a replica that does not know it: kept for sessions that the router can
 * begin anew in their clients' names. Nothing in it is a credential.
 */
export interface SessionRecord extends Opening {
  /** That of the session's pin when this was written. */
  readonly epoch: number
  /** How long it is worth keeping without a use of the session, in milliseconds. */
  readonly ttlMs: number
  /** Where the session lives: the id of a replica. */
  readonly replica: number
  /** How that replica names it. */
  readonly idAtReplica: string
}

/** A setting that changed; without content it is withdrawn. */
export interface SettingChange {
  readonly name: string
  readonly content: string | undefined
}

/** The most that a record may hold, in characters; a session that needs more can't be begun anew. */
export const mostRecordLength = 65_536

/** The length of a record, in characters. */
export function recordLength({ idAtReplica, opening, settings }: SessionRecord): number {
  const lengths = settings.map(([name, content]) => name.length + content.length)
  return lengths.reduce((sum, length) => sum + length, idAtReplica.length + opening.length)
}

/** The record with a setting changed; undefined: it would be too long. */
export function withSetting(
  record: SessionRecord,
  { name, content }: SettingChange,
): SessionRecord | undefined {
  const others = record.settings.filter(([other]) => other !== name)
  const settings = content === undefined ? others : [...others, [name, content] as const]
  const changed = { ...record, settings }
  return recordLength(changed) > mostRecordLength ? undefined : changed
}

/** Where a session lives on. */
export interface SessionMove {
  readonly replica: number
  readonly epoch: number
  readonly idAtReplica: string
}

/** Records of sessions. What is written is in force for later reads of all threads; no call does I/O of its own. */
export interface SessionRecords {
  /** Keeps the record of a session that begins; `key` (four words) is read during the call, here and below. */
  begin(key: Uint32Array, record: SessionRecord): void
  /** Changes a setting of a session, where it has a record. */
  change(key: Uint32Array, change: SettingChange): void
  /**
   * The session is to live on at another replica, unless another router was faster. Resolves to the record that stands
   * when all routers can know of it, or can't be told now; undefined: the session has none. Never rejects.
   */
  move(key: Uint32Array, move: SessionMove): Promise<SessionRecord | undefined>
  /** The session is over. */
  end(key: Uint32Array): void
  /** Resolves to the record, of `epoch` or higher if there is one; undefined: there is none. Never rejects. */
  read(key: Uint32Array, epoch: number): Promise<SessionRecord | undefined>
  /** A stream of the session is open at the home that it has had since `epoch`, or (undefined) is over. */
  streams(key: Uint32Array, epoch: number | undefined): void
  /** Resolves once the stream of the session, if it has one, is open at the home of `epoch`, or within a second. Never rejects. */
  followed(key: Uint32Array, epoch: number): Promise<void>
}
