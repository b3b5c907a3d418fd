import type { Greeting, NamedSession, Revival } from '../dialects/dialect.ts'
import type { RefusalCode } from '../errors.ts'
import { askReplica, type Reply } from '../http/ask-replica.ts'
import { LF } from '../http/characters.ts'
import type { ReplicaPool } from '../http/replica-pool.ts'
import type { MoveReason } from '../observe/counters.ts'
import { noReplica } from '../session/pin-memory.ts'
import type { Turn, Turns } from '../session/turns.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'

/** How long a replica may take to answer one of the requests that begin a session. */
const ANSWER_MS = 10_000
/** The longest answer to one of them, in bytes. */
const MOST_BYTES = 1024 * 1024
/** What keeps the turns of those who begin a session anew apart from those of its requests. */
const MARK = 0x517cc1b7

/** A session whose replica does not know it. */
export interface LostSession {
  readonly session: NamedSession
  readonly revival: Revival
  /** The session's hash; a copy of the caller's. */
  readonly hash: Uint32Array
  /** Where it is to begin anew. */
  readonly place: number
  /** The replica id and the epoch of its pin, as the request that waits saw them. */
  readonly pinnedId: number
  readonly epoch: number
  /** Why it moves. */
  readonly reason: MoveReason
  /** The head of that request, as it went to the replica. */
  readonly waitingHead: string
}

/** Where a session goes on. */
export interface RevivedSession {
  readonly place: number
  readonly replicaId: number
  readonly idAtReplica: string
  readonly epoch: number
}

/**
 * Begins a session anew at a replica, or finds where another of its requests has just done so: on all threads one
 * does it at a time. Resolves to what to refuse the request with where that is not possible. Never rejects.
 */
export async function reviveSession(
  parts: RouterParts,
  service: RoutedService,
  lost: LostSession,
): Promise<RevivedSession | RefusalCode> {
  const turn = await takeTurn(parts.turns, lost.hash)
  if (turn === undefined) return 'LIMPET_SESSION_BUSY'
  try {
    const revived = (await findRevived(parts, service, lost)) ?? (await askOthers(parts, service, lost))
    return revived ?? (await greet(parts, service, lost))
  } finally {
    turn.leave()
  }
}

function takeTurn(turns: Turns, hash: Uint32Array): Promise<Turn | undefined> {
  const key = Uint32Array.of((hash[0]! ^ MARK) >>> 0, hash[1]!, hash[2]!, hash[3]!)
  return new Promise((resolve) => {
    // It may be granted before `take` returns.
    let isGranted: boolean | undefined
    let turn: Turn | undefined
    turn = turns.take(key, (granted) => {
      isGranted = granted
      if (turn !== undefined) resolve(granted ? turn : undefined)
    })
    if (isGranted !== undefined) resolve(isGranted ? turn : undefined)
  })
}

/** Where the session lives since the request that waits last saw it; undefined: nothing has changed. */
async function findRevived(
  { pins, records, context }: RouterParts,
  { replicas }: RoutedService,
  { hash, epoch: seenEpoch }: LostSession,
): Promise<RevivedSession | RefusalCode | undefined> {
  if (!pins.look(hash, context.turn.wallMs)) return undefined
  const { replica, epoch } = pins
  if (replica === noReplica) return 'LIMPET_SESSION_CLOSED'
  const place = replicas.indexOf(replica)
  if (epoch <= seenEpoch || place === -1) return undefined
  const record = await records.read(hash, epoch)
  // Of a move that is just being made only the pin may have come yet: then it is made here as well, and one stands.
  if (record === undefined || record.epoch < epoch) return undefined
  return { place, replicaId: replica, idAtReplica: record.idAtReplica, epoch }
}

/** What other routers may have done about it, as the store tells. */
async function askOthers(
  parts: RouterParts,
  service: RoutedService,
  lost: LostSession,
): Promise<RevivedSession | RefusalCode | undefined> {
  const { journal } = parts
  const isKnown = await new Promise<boolean>((resolve) => {
    if (journal?.lookup(lost.hash, resolve) === undefined) resolve(false)
  })
  return isKnown ? findRevived(parts, service, lost) : undefined
}

async function greet(
  parts: RouterParts,
  service: RoutedService,
  lost: LostSession,
): Promise<RevivedSession | RefusalCode> {
  const { hash, place } = lost
  const record = await parts.records.read(hash, lost.epoch)
  if (record === undefined) return 'LIMPET_SESSION_GONE'
  // The pin of a session that was begun anew before may have been forgotten since.
  const epoch = Math.max(lost.epoch, record.epoch)
  const lines = `limpet-epoch: ${epoch + 1}\r\n${service.hosts === undefined ? '' : `Host: ${service.hosts[place]}\r\n`}`
  const greeting = lost.revival.greeting(record)
  const idAtReplica = await begin(greeting, service.pools[place]!, lost.waitingHead, lines)
  if (typeof idAtReplica !== 'string') return idAtReplica.refusal
  return settle(parts, service, lost, idAtReplica, epoch)
}

/** Has a replica begin the session. Resolves to the id that it gives. */
async function begin(
  greeting: Greeting,
  pool: ReplicaPool,
  waitingHead: string,
  lines: string,
): Promise<string | { refusal: RefusalCode }> {
  let idAtReplica: string | undefined
  for (const content of greeting.contents) {
    const head = greeting.head(waitingHead, idAtReplica, Buffer.byteLength(content)) + lines
    const reply = await ask(pool, head, content)
    if (reply === undefined) return { refusal: 'LIMPET_NO_REPLICA' }
    idAtReplica ??= greeting.idIn(reply.head, reply.content)
    if (idAtReplica === undefined) return { refusal: 'LIMPET_SESSION_GONE' }
  }
  return idAtReplica ?? { refusal: 'LIMPET_SESSION_GONE' }
}

function ask(pool: ReplicaPool, head: string, content: string): Promise<Reply | undefined> {
  let seen = 0
  // A stream may stay open behind the response. Each line is looked at once, when it is whole.
  const isEnough = (soFar: Buffer): boolean => {
    const end = soFar.lastIndexOf(LF) + 1
    if (end <= seen) return false
    const lines = soFar.toString('utf8', seen, end)
    seen = end
    return /^data: ?\{.*"(?:result|error)"/m.test(lines)
  }
  return askReplica(pool, { head, content, timeoutMs: ANSWER_MS, mostBytes: MOST_BYTES, isEnough })
}

/** The session lives at its new replica from now on, or where another router has moved it at the same moment. */
async function settle(
  parts: RouterParts,
  service: RoutedService,
  lost: LostSession,
  idAtReplica: string,
  heldEpoch: number,
): Promise<RevivedSession | RefusalCode> {
  const { pins, records, journal, counters, context } = parts
  const { hash, session, pinnedId } = lost
  const { replicas } = service
  const replica = replicas.replicas[lost.place]!.id
  const record = await records.move(hash, { replica, epoch: heldEpoch + 1, idAtReplica })
  if (record === undefined) return 'LIMPET_SESSION_GONE'
  const place = replicas.indexOf(record.replica)
  if (place === -1) return 'LIMPET_NO_REPLICA'
  const { wallMs } = context.turn
  const { ttlMs, maxAgeMs } = session
  const moves = pins.move(hash, pinnedId, record.replica, wallMs, ttlMs, maxAgeMs, record.epoch - 1)
  if (moves) {
    counters.moved(service.index, lost.reason)
    journal?.note(hash, wallMs)
  }
  return { place, replicaId: record.replica, idAtReplica: record.idAtReplica, epoch: record.epoch }
}
