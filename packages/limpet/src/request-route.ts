import type { NamedSession } from './dialects/dialect.ts'
import { type RefusalCode, refusalCodes } from './errors.ts'
import type { ReplicaPool } from './http/replica-pool.ts'
import type { ExchangeSummary, Route } from './http/route.ts'
import { type Decision, decisions, type MoveReason } from './observe/counters.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'

/** How many replicas one request is tried on, when none of them got any of it. */
const MOST_ATTEMPTS = 4
const NONE_TRIED: number[] = []

/** A decision with its place among the counters and the line that tells the client. */
interface Outcome {
  readonly name: Decision
  readonly index: number
  readonly line: string
}

const outcome = (name: Decision): Outcome => ({
  name,
  index: decisions.indexOf(name),
  line: `limpet-decision: ${name}\r\n`,
})
const HIT = outcome('hit')
const NEW = outcome('new')
const MOVED = outcome('moved')
const NONE = outcome('none')

/** A request's way to the replica that holds its session, or to one that is to hold it. */
export class RequestRoute implements Route {
  refusal: RefusalCode | undefined
  refusalLines = ''
  requestLines = ''
  responseLines = ''
  replacesCacheControl = false
  readonly #parts: RouterParts
  readonly #service: RoutedService
  readonly #session: NamedSession | undefined
  readonly #nowMs: number
  readonly #overTls: boolean
  readonly #sessionState: string
  #decision = NONE
  #reason: MoveReason | undefined
  /** The chosen replica's place; -1: none. */
  #place = -1
  /** The replica id that the session's pin names, to be moved once another replica has answered; -1: none. */
  #pinnedId = -1
  #epoch = 0
  /** Places that did not take a connection. */
  #tried: number[] = NONE_TRIED

  constructor(
    parts: RouterParts,
    service: RoutedService,
    session: NamedSession | undefined,
    nowMs: number,
    overTls: boolean,
  ) {
    this.#parts = parts
    this.#service = service
    this.#session = session
    this.#nowMs = nowMs
    this.#overTls = overTls
    this.#sessionState = describeSession(session, service)
    if (session === undefined) this.#choose(this.#candidate(undefined))
    else this.#findHome(session, service.hashOf(session.key))
  }

  get pool(): ReplicaPool {
    return this.#service.pools[this.#place]!
  }

  /** Made anew where it is needed again, which is seldom. */
  get #hash(): Uint32Array | undefined {
    return this.#session && this.#service.hashOf(this.#session.key)
  }

  get replacesHost(): boolean {
    return this.#service.hosts !== undefined
  }

  /** Where the session lives by its pin, else where it is to live. */
  #findHome(session: NamedSession, hash: Uint32Array): void {
    const { pins } = this.#parts
    const { replicas } = this.#service
    let place = -1
    let known = false
    if (!session.isNew && pins.find(hash, this.#nowMs, session.ttlMs)) {
      known = true
      this.#pinnedId = pins.replica
      this.#epoch = pins.epoch
      place = replicas.indexOf(pins.replica)
    }
    const { carried } = session
    // The table knows better than the client only when it re-homed the session after the client last heard.
    if (carried !== undefined && (!known || carried.epoch > this.#epoch)) {
      place = this.#service.indexOfTag(carried.keyId, carried.replicaTag)
      this.#epoch = carried.epoch
      if (place !== -1 && !known) {
        // Remembered so that live sessions can be counted and moved; routing does without.
        this.#pinnedId = replicas.replicas[place]!.id
        pins.insert(hash, this.#pinnedId, this.#nowMs, session.ttlMs, session.maxAgeMs, carried.epoch)
      }
      known = true
    }
    if (known) this.#goHome(session, place, hash)
    else this.#placeNew(session, hash)
  }

  #goHome(session: NamedSession, place: number, hash: Uint32Array): void {
    const unusable =
      place === -1 ? 'removed' : this.#parts.board.whyUnusable(this.#service.replicas.replicas[place]!.slot)
    if (unusable === undefined) {
      this.#decision = HIT
      this.#choose(place)
    } else if (this.#service.config.onLost === 'reject') {
      this.refusal = 'LIMPET_SESSION_LOST'
      // A replica that is down may come back with its sessions; from one that is removed they are lost for good.
      if (unusable === 'removed') this.refusalLines = this.#service.dialect.end(session, this.#overTls)
    } else this.#rehome(unusable, hash)
  }

  #rehome(reason: MoveReason, hash: Uint32Array): void {
    this.#decision = MOVED
    this.#reason = reason
    this.#choose(this.#candidate(hash))
  }

  /** Places a session that has no pin; of two threads that place it at once, the first decides for both. */
  #placeNew(session: NamedSession, hash: Uint32Array): void {
    this.#decision = NEW
    const place = this.#candidate(hash)
    const { pins } = this.#parts
    const { replicas } = this.#service
    // A session whose cookie the client has yet to bring back is not worth a pin: many clients never do.
    if (place !== -1 && !session.isNew) {
      const { id } = replicas.replicas[place]!
      const isFirst = pins.insert(hash, id, this.#nowMs, session.ttlMs, session.maxAgeMs)
      this.#pinnedId = pins.replica
      if (!isFirst) {
        this.#epoch = pins.epoch
        this.#goHome(session, replicas.indexOf(pins.replica), hash)
        return
      }
    }
    this.#choose(place)
  }

  /** The first candidate that was not tried; -1: none. */
  #candidate(hash: Uint32Array | undefined): number {
    const { placement, balance, replicas } = this.#service
    const policy = hash === undefined ? balance : placement
    const isFirst = this.#decision !== MOVED && this.#tried.length === 0
    policy.start(hash, isFirst || hash === undefined ? replicas : replicas.bySessions)
    let place = policy.next()
    while (place !== -1 && this.#tried.includes(place)) place = policy.next()
    return place
  }

  #choose(place: number): void {
    this.#place = place
    if (place === -1) {
      this.refusal = 'LIMPET_NO_REPLICA'
      return
    }
    this.#parts.board.begin(this.#service.replicas.replicas[place]!.slot)
    // A replica that gets a session which lived elsewhere is told so, to outrank what its last home may still write.
    const epoch = this.#decision === MOVED ? this.#epoch + 1 : this.#epoch
    this.requestLines = epoch > 0 ? `limpet-epoch: ${epoch}\r\n` : ''
    const { hosts } = this.#service
    if (hosts !== undefined) this.requestLines += `Host: ${hosts[place]}\r\n`
  }

  next(failure: 'refused' | 'connect-timeout'): boolean {
    const { board, counters } = this.#parts
    const { slot } = this.#service.replicas.replicas[this.#place]!
    board.end(slot)
    if (board.connectFailed(slot, this.#service.config.ejection, Date.now())) counters.ejected(slot)
    this.#tried = [...this.#tried, this.#place]
    this.#place = -1
    const settled = this.#decision === HIT || this.#decision === MOVED
    if (settled && this.#service.config.onLost === 'reject') {
      this.refusal = 'LIMPET_SESSION_LOST'
      return false
    }
    if (this.#decision === HIT) {
      this.#decision = MOVED
      this.#reason = failure
    }
    this.#choose(this.#tried.length < MOST_ATTEMPTS ? this.#candidate(this.#hash) : -1)
    if (this.#place !== -1) return true
    if (failure === 'connect-timeout') this.refusal = 'LIMPET_CONNECT_TIMEOUT'
    if (this.#decision === NEW) this.#unpin()
    return false
  }

  /** No replica ever got the new session: nothing of it can be lost, so the next request may place it anew. */
  #unpin(): void {
    const { pins } = this.#parts
    if (this.#pinnedId === -1) return
    const stays = pins.find(this.#hash!, this.#nowMs, this.#session!.ttlMs) && pins.replica !== this.#pinnedId
    if (!stays) pins.remove(this.#hash!)
  }

  responded(): void {
    const { board } = this.#parts
    const { replicas, dialect, tags, config } = this.#service
    const replica = replicas.replicas[this.#place]!
    const session = this.#session
    board.connected(replica.slot)
    if (session !== undefined) {
      const homePlace = this.#movesPin(replica.id) ? this.#movePin(session, replica.id) : this.#place
      const home = { replicaTag: tags[homePlace]!, epoch: this.#epoch }
      const told = dialect.tell(session, home, this.#nowMs, this.#overTls)
      if (told !== '') {
        this.responseLines = `${told}Cache-Control: no-store\r\n`
        this.replacesCacheControl = true
      }
    }
    if (!config.decisionHeader) return
    const { line, name } = this.#decision
    this.responseLines +=
      this.#reason === undefined ? line : `limpet-decision: ${name}; reason=${this.#reason}\r\n`
  }

  #movesPin(answeredId: number): boolean {
    return this.#decision === MOVED || (this.#pinnedId !== -1 && this.#pinnedId !== answeredId)
  }

  /**
   * The pin moves now, after the new home's first success, and not before. Of a session's requests that find its
   * replica gone at once, the first to be answered moves it. Returns the place of the session's home.
   */
  #movePin(session: NamedSession, toId: number): number {
    const { pins, counters } = this.#parts
    const { replicas, index } = this.#service
    const held = session.carried?.epoch ?? 0
    const moves = pins.move(
      this.#hash!,
      this.#pinnedId,
      toId,
      this.#nowMs,
      session.ttlMs,
      session.maxAgeMs,
      held,
    )
    this.#epoch = pins.epoch
    if (moves) {
      if (this.#decision === MOVED) counters.moved(index, this.#reason!)
      return this.#place
    }
    if (pins.replica === toId) {
      this.#decision = HIT
      this.#reason = undefined
    }
    const home = replicas.indexOf(pins.replica)
    return home === -1 ? this.#place : home
  }

  finished(summary: ExchangeSummary): void {
    const { board, counters, accessLog } = this.#parts
    const { replicas, index } = this.#service
    const code = this.refusal ?? summary.refusal
    if (code !== undefined) counters.refused(refusalCodes.indexOf(code))
    if (summary.aborted) counters.aborted(index)
    if (summary.retries > 0) counters.retried(index, summary.retries)
    const replica = replicas.replicas[this.#place]
    if (replica !== undefined) {
      board.end(replica.slot)
      const { status, requestBytes, responseBytes } = summary
      counters.request(replica.slot, this.#decision.index, status, requestBytes, responseBytes)
    }
    counters.duration(index, summary.durationMs)
    accessLog?.write(summary, {
      service: this.#service.config.name,
      replica: replica?.name,
      session: this.#sessionState,
      sessionHash: this.#hash,
      decision: this.#decision.name,
      reason: this.#reason,
    })
  }
}

/** The access log's flag: what the client sent, as far as the decision does not say it. */
function describeSession(session: NamedSession | undefined, { dialect }: RoutedService): string {
  if (session === undefined) return 'none'
  if (!session.isNew) return 'valid'
  return dialect.state === 'none' ? 'new' : dialect.state
}

/** The way of a request that ends before it has one. */
export class RefusedRoute implements Route {
  readonly refusal: RefusalCode
  readonly refusalLines = ''
  readonly replacesHost = false
  readonly requestLines = ''
  readonly responseLines = ''
  readonly replacesCacheControl = false
  readonly #parts: RouterParts
  readonly #service: RoutedService | undefined

  constructor(refusal: RefusalCode, parts: RouterParts, service: RoutedService | undefined) {
    this.refusal = refusal
    this.#parts = parts
    this.#service = service
  }

  get pool(): ReplicaPool {
    throw new TypeError('A refused request has no replica.')
  }

  next(): boolean {
    return false
  }

  responded(): void {
    // Nobody was asked.
  }

  finished(summary: ExchangeSummary): void {
    this.#parts.counters.refused(refusalCodes.indexOf(this.refusal))
    this.#parts.accessLog?.write(summary, {
      service: this.#service?.config.name,
      replica: undefined,
      session: 'none',
      sessionHash: undefined,
      decision: undefined,
      reason: undefined,
    })
  }
}
