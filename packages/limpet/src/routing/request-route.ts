import type {
  NamedSession,
  Revival,
  SessionState,
  TranslatedContent,
  Translation,
} from '../dialects/dialect.ts'
import { type RefusalCode, refusalCodes } from '../errors.ts'
import type { AnswerContent } from '../http/answer-content.ts'
import { type RefusalWriter, refusalResponse } from '../http/refusal-response.ts'
import type { ReplicaPool } from '../http/replica-pool.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { ContentCheck, ContentWanted, ExchangeSummary, OpenTunnel, Route } from '../http/route.ts'
import type { MoveReason } from '../observe/counters.ts'
import type { Lookup } from '../session/pin-journal.ts'
import { noReplica } from '../session/pin-memory.ts'
import type { Turn, Turns } from '../session/turns.ts'
import { nextCandidate, soundCandidate, type Want, whyNoCandidate } from './candidates.ts'
import { HomedTunnel } from './homed-tunnel.ts'
import { KeptRoom } from './kept-room.ts'
import { HIT, MOVED, NEW, NONE } from './outcome.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'
import { SessionRevival } from './session-revival.ts'
import { leaveShare } from './tunnels.ts'

/** How many replicas one request is tried on, when none of them got any of it. */
const MOST_ATTEMPTS = 4
/** How long to wait for a session that is learned of, before each further question to the store. */
const LEARN_PAUSES_MS = [30, 60]
type Asked = 'nobody' | 'store' | 'records'

const NONE_TRIED: number[] = []
const NO_FIELDS: readonly string[] = []

/** A request's way to the replica that holds its session, or to one that is to hold it. */
export class RequestRoute implements Route {
  undecided = false
  refusal: RefusalCode | undefined
  refusalLines = ''
  requestLines = ''
  responseLines = ''
  replacesCacheControl = false
  contentWanted: ContentWanted | undefined
  secondThoughts: SessionRevival | undefined
  droppedFields = NO_FIELDS
  answerContent: AnswerContent | undefined
  readonly #parts: RouterParts
  readonly #service: RoutedService
  readonly #translation: Translation | undefined
  readonly #overTls: boolean
  readonly #isWebSocket: boolean
  #session: NamedSession | undefined
  #sessionState: SessionState | 'new'
  #nowMs: number
  #decision = NONE
  #reason: MoveReason | undefined
  /** The chosen replica's place; -1: none. */
  #place = -1
  /** The replica id that the session's pin names, to be moved once another replica has answered; -1: none. */
  #pinnedId = -1
  #epoch = 0
  /** Places that did not take a connection, or have no room. */
  #tried: number[] = NONE_TRIED
  #room: KeptRoom | undefined
  /** Whether the session's pin names the chosen replica already, although this request moved it. */
  #hasMoved = false
  #isOver = false
  #tunnel: HomedTunnel | undefined
  #turn: Turn | undefined
  #lookup: Lookup | undefined
  #lookups = 0
  #onDecided: (() => void) | undefined

  constructor(
    parts: RouterParts,
    service: RoutedService,
    session: NamedSession | undefined,
    nowMs: number,
    overTls: boolean,
    isWebSocket: boolean,
    translation?: Translation,
  ) {
    this.#parts = parts
    this.#service = service
    this.#session = session
    this.#nowMs = nowMs
    this.#overTls = overTls
    this.#isWebSocket = isWebSocket
    this.#translation = translation
    this.#sessionState = describeSession(session, service)
    if (session !== undefined && translation?.revival !== undefined)
      this.secondThoughts = this.#revivalOf(session, translation.revival)
    const content = translation?.content
    if (content === undefined) this.#begin(session)
    else {
      this.undecided = true
      this.contentWanted = { mostBytes: content.mostBytes, take: (bytes) => this.#take(content, bytes) }
    }
  }

  /** The content is at hand, and with it all that there is to decide by. */
  #take(content: TranslatedContent, bytes: Buffer | undefined): void {
    content.read(bytes)
    this.undecided = false
    this.#nowMs = this.#parts.context.turn.wallMs
    this.#session = this.#translation!.session
    this.#sessionState = describeSession(this.#session, this.#service)
    this.#begin(this.#session)
  }

  #begin(session: NamedSession | undefined): void {
    const { turns } = this.#service
    if (session === undefined) this.#choose(this.#candidate(undefined))
    else if (turns === undefined || session.isNew) this.#findHome(session, this.#service.hashOf(session.key))
    else this.#awaitTurn(session, turns)
  }

  get replacedFields(): readonly string[] {
    return this.#translation?.replacedFields ?? NO_FIELDS
  }

  get targetForReplica(): string | undefined {
    return this.#translation?.targetForReplica
  }

  get contentCheck(): ContentCheck | undefined {
    return this.#translation?.contentCheck
  }

  get writeRefusal(): RefusalWriter {
    return this.#translation?.writeRefusal ?? refusalResponse
  }

  whenDecided(onDecided: () => void): void {
    this.#onDecided = onDecided
  }

  /** What there is to know of the session may change until its earlier requests are over, so it is asked then. */
  #awaitTurn(session: NamedSession, turns: Turns): void {
    this.undecided = true
    this.#turn = turns.take(this.#service.hashOf(session.key), (granted) => {
      this.#decide(() => {
        if (granted) this.#findHome(session, this.#hash!)
        else this.refusal = 'LIMPET_SESSION_BUSY'
      })
    })
  }

  /**
   * Asks the store for a session that the table does not know; what it knows is in the table when it has answered.
   * False: it can't be asked.
   */
  #askStore(session: NamedSession, hash: Uint32Array): boolean {
    this.#lookup = this.#parts.journal?.lookup(hash, (found) => {
      const pauseMs = found || session.memory !== 'learned' ? undefined : LEARN_PAUSES_MS[this.#lookups++]
      if (pauseMs === undefined) this.#decide(() => this.#findHome(session, this.#hash!, 'store'))
      else this.#askLater(session, pauseMs)
    })
    this.undecided = this.#lookup !== undefined
    return this.undecided
  }

  /** Another router may have learned of the session just now, and be about to tell the store. */
  #askLater(session: NamedSession, pauseMs: number): void {
    const timer = setTimeout(() => {
      this.#decide(() => this.#findHome(session, this.#hash!))
    }, pauseMs)
    this.#lookup = { cancel: () => clearTimeout(timer) }
  }

  /** A session that was begun anew may live elsewhere than its client's id says, when its pin is gone too. */
  #askRecords(session: NamedSession, revival: SessionRevival): void {
    this.undecided = true
    void revival.learnName(this.#hash!, 0).then((record) => {
      this.#decide(() => {
        const hash = this.#hash!
        const { ttlMs, maxAgeMs } = session
        if (record !== undefined && record.epoch > 0)
          this.#parts.pins.insert(hash, record.replica, this.#nowMs, ttlMs, maxAgeMs, record.epoch)
        this.#findHome(session, hash, 'records')
      })
    })
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

  /** Where the session lives by its pin, else where it is to live. `asked`: who was, besides the table. */
  #findHome(session: NamedSession, hash: Uint32Array, asked: Asked = 'nobody'): void {
    const { pins } = this.#parts
    const { replicas } = this.#service
    let place = -1
    let known = false
    const isPinned = !session.isNew && session.memory !== 'carried'
    if (isPinned && pins.find(hash, this.#nowMs, session.ttlMs)) {
      known = true
      this.#pinnedId = pins.replica
      this.#epoch = pins.epoch
      if (pins.replica === noReplica) {
        this.#onClosed(session, hash)
        return
      }
      place = replicas.indexOf(pins.replica)
    }
    if (!known && asked === 'nobody' && isPinned && this.#askStore(session, hash)) return
    if (!known && session.stale) {
      this.#beginInstead(session.otherwise)
      return
    }
    const { carried } = session
    if (!known && asked !== 'records' && carried !== undefined && this.secondThoughts !== undefined) {
      this.#askRecords(session, this.secondThoughts)
      return
    }
    // The table knows better than the client only when it re-homed the session after the client last heard.
    if (carried !== undefined && (!known || carried.epoch > this.#epoch)) {
      place = this.#service.indexOfTag(carried.keyId, carried.replicaTag)
      this.#epoch = carried.epoch
      if (place !== -1 && !known && isPinned) {
        // Remembered so that live sessions can be counted and moved; routing does without.
        this.#pinnedId = replicas.replicas[place]!.id
        pins.insert(hash, this.#pinnedId, this.#nowMs, session.ttlMs, session.maxAgeMs, carried.epoch)
      }
      known = true
    }
    if (known) this.#goHomeByName(session, place, hash)
    else if (session.memory === 'learned') {
      // Whoever makes up a name is balanced as anybody, and leaves nothing behind.
      this.#session = undefined
      this.#choose(this.#candidate(undefined))
    } else this.#placeNew(session, hash)
  }

  /** Nobody knows the session any more that the client's expired cookie names. */
  #beginInstead(session: NamedSession | undefined): void {
    this.#session = session
    this.#sessionState = 'expired'
    if (session === undefined) this.#choose(this.#candidate(undefined))
    else this.#placeNew(session, this.#service.hashOf(session.key))
  }

  /** Who names sessions by itself may begin anew under the old name; a replica's name is of one session only. */
  #onClosed(session: NamedSession, hash: Uint32Array): void {
    this.#sessionState = 'closed'
    if (this.#translation === undefined && this.#service.config.onLost === 'rehome') {
      this.#rehome('closed', hash)
      return
    }
    this.refusal = 'LIMPET_SESSION_CLOSED'
    this.refusalLines = this.#service.dialect.end(session, this.#overTls)
  }

  /** A session that was begun anew has another name there than its client knows it by. */
  #goHomeByName(session: NamedSession, place: number, hash: Uint32Array): void {
    const revival = this.secondThoughts
    if (revival === undefined || revival.knowsName(hash, this.#epoch)) {
      this.#goHome(session, place, hash)
      return
    }
    this.undecided = true
    void revival.learnName(hash, this.#epoch).then(() => {
      this.#decide(() => this.#goHome(session, place, this.#hash!))
    })
  }

  /** What was waited for is there: `decide` chooses, or refuses, or waits for something else. */
  #decide(decide: () => void): void {
    if (this.#isOver) return
    this.undecided = false
    this.#nowMs = this.#parts.context.turn.wallMs
    decide()
    if (this.undecided) return
    const onDecided = this.#onDecided
    this.#onDecided = undefined
    onDecided?.()
  }

  #goHome(session: NamedSession, place: number, hash: Uint32Array): void {
    const unusable = place === -1 ? 'removed' : this.#whyLeave(place, hash)
    const mayStay = unusable === 'drained' || (unusable === 'ejected' && !this.#staysHome)
    if (unusable === undefined || (mayStay && !this.#canLeave(hash, place))) {
      this.#decision = HIT
      this.#choose(place)
    } else if (this.#staysHome) {
      this.refusal = this.#lossOf(unusable)
      // A replica that is down may come back with its sessions; from one that is removed they are lost for good.
      if (unusable === 'removed') this.refusalLines = this.#service.dialect.end(session, this.#overTls)
    } else this.#rehome(unusable, hash)
  }

  /** Why a session can't be served where it lives, or a tunnel of it not any more. */
  #whyLeave(place: number, hash: Uint32Array): MoveReason | undefined {
    const { board } = this.#parts
    const { slot } = this.#service.replicas.replicas[place]!
    const mustLeave = this.#isWebSocket && board.leavesAtMs(slot, leaveShare(hash)) <= this.#nowMs
    return board.whyUnusable(slot) ?? (mustLeave ? 'drained' : undefined)
  }

  /**
   * Whether a session has somewhere else to go than to the replica at `place`, which is not known to be dead: one
   * that is ejected is no better, and does not have the session.
   */
  #canLeave(hash: Uint32Array, place: number): boolean {
    if (this.#staysHome) return false
    const other = soundCandidate('lost-session', hash, this.#service, this.#tried)
    return other !== -1 && other !== place
  }

  get #staysHome(): boolean {
    return this.#service.config.onLost === 'reject' || this.#session?.ends === true
  }

  /** What a client is told that has to live without its session. */
  #lossOf(why: MoveReason): RefusalCode {
    const isGone =
      this.#session?.ends === true || (why === 'removed' && this.#translation?.revival !== undefined)
    return isGone ? 'LIMPET_SESSION_GONE' : 'LIMPET_SESSION_LOST'
  }

  #rehome(reason: MoveReason, hash: Uint32Array): void {
    this.#decision = MOVED
    this.#reason = reason
    this.#choose(this.#roomyCandidate(hash))
  }

  /** Places a session that has no pin; of two threads that place it at once, the first decides for both. */
  #placeNew(session: NamedSession, hash: Uint32Array): void {
    this.#decision = NEW
    const { pins } = this.#parts
    const { replicas, config } = this.#service
    // A session whose cookie the client has yet to bring back is not worth a pin: many clients never do.
    if (session.isNew) {
      this.#choose(this.#roomyCandidate(hash))
      return
    }
    let place = this.#candidate(hash)
    while (place !== -1) {
      const { id } = replicas.replicas[place]!
      const isFirst = pins.insert(hash, id, this.#nowMs, session.ttlMs, session.maxAgeMs)
      if (!isFirst) {
        this.#pinnedId = pins.replica
        this.#epoch = pins.epoch
        this.#goHome(session, replicas.indexOf(pins.replica), hash)
        return
      }
      // Of threads that take the last room at once, those that came too late give it back.
      if (config.maxSessions === undefined || pins.rank <= config.maxSessions) {
        this.#pinnedId = id
        this.#parts.journal?.note(hash, this.#nowMs)
        break
      }
      pins.remove(hash)
      this.#tried = [...this.#tried, place]
      place = this.#candidate(hash)
    }
    this.#choose(place)
  }

  /** The next replica that the request may go to. */
  #candidate(hash: Uint32Array | undefined): number {
    return nextCandidate(this.#want, hash, this.#service, this.#tried)
  }

  /** The same for a session that is pinned there only when the replica has answered. */
  #roomyCandidate(hash: Uint32Array): number {
    const { replicas, config } = this.#service
    const { maxSessions } = config
    if (maxSessions === undefined) return this.#candidate(hash)
    this.#room?.giveBack()
    const room = new KeptRoom(this.#parts.pins, hash)
    this.#room = room
    const kept = replicas.indexOf(room.keptAt(this.#nowMs))
    if (kept !== -1 && replicas.available(kept) && !this.#tried.includes(kept)) return kept
    let place = this.#candidate(hash)
    while (place !== -1) {
      const { id } = replicas.replicas[place]!
      if (room.keep(id, maxSessions, this.#nowMs, this.#session!.ttlMs)) break
      this.#tried = [...this.#tried, place]
      place = this.#candidate(hash)
    }
    return place
  }

  get #want(): Want {
    if (this.#session === undefined) return 'request'
    if (this.#translation !== undefined && this.#session.isNew) return 'nameless-session'
    return this.#decision === MOVED || this.#tried.length > 0 ? 'lost-session' : 'session'
  }

  #choose(place: number): void {
    this.#place = place
    if (place === -1) {
      this.refusal = whyNoCandidate(this.#want, this.#service, this.#parts.board)
      return
    }
    this.#parts.board.begin(this.#service.replicas.replicas[place]!.slot)
    // A replica that gets a session which lived elsewhere is told so, to outrank what its last home may still write.
    const epoch = this.#decision === MOVED && !this.#hasMoved ? this.#epoch + 1 : this.#epoch
    this.requestLines = epoch > 0 ? `limpet-epoch: ${epoch}\r\n` : ''
    if (this.#translation !== undefined) this.requestLines += this.#translation.requestLines
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
    this.#hasMoved = false
    if (settled && this.#staysHome) {
      this.refusal = this.#lossOf(failure)
      return false
    }
    if (this.#decision === HIT) {
      this.#decision = MOVED
      this.#reason = failure
    }
    this.#choose(this.#tried.length < MOST_ATTEMPTS ? this.#nextCandidate() : -1)
    if (this.#place !== -1) return true
    if (failure === 'connect-timeout') this.refusal = 'LIMPET_CONNECT_TIMEOUT'
    if (this.#decision === NEW) this.#unpin()
    return false
  }

  #nextCandidate(): number {
    const hash = this.#hash
    return hash === undefined ? this.#candidate(undefined) : this.#roomyCandidate(hash)
  }

  /** No replica ever got the new session: nothing of it can be lost, so the next request may place it anew. */
  #unpin(): void {
    const { pins } = this.#parts
    if (this.#pinnedId === -1) return
    const stays = pins.find(this.#hash!, this.#nowMs, this.#session!.ttlMs) && pins.replica !== this.#pinnedId
    if (stays) return
    pins.remove(this.#hash!)
    this.#parts.journal?.forget(this.#hash!, this.#pinnedId, 0)
  }

  responded(head: ResponseHead): void {
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
    if (this.#translation !== undefined) this.#learn(this.#translation, head, replica.id)
    if (!config.decisionHeader) return
    const { line, name } = this.#decision
    this.responseLines +=
      this.#reason === undefined ? line : `limpet-decision: ${name}; reason=${this.#reason}\r\n`
  }

  /** What the replica's answer says of sessions is in force before the client can know of it. */
  #learn(translation: Translation, head: ResponseHead, replicaId: number): void {
    const { pins, journal, records, context } = this.#parts
    const { wallMs } = context.turn
    const learn = (session: NamedSession): void => {
      const { key, ttlMs, maxAgeMs } = session
      pins.insert(this.#service.hashOf(key), replicaId, context.turn.wallMs, ttlMs, maxAgeMs)
      journal?.note(this.#service.hashOf(key), context.turn.wallMs)
      // The client may ask for it at once, by another router.
      journal?.flush()
    }
    const home = { replicaTag: this.#service.tags[this.#place]!, learn }
    const answer = translation.answer(head, home, wallMs)
    const { created } = answer
    this.responseLines += answer.lines
    this.droppedFields = answer.droppedFields
    this.answerContent = answer.content
    if (answer.closed) {
      pins.close(this.#hash!, this.#nowMs, this.#nowMs + this.#session!.ttlMs)
      journal?.note(this.#hash!, this.#nowMs)
      records.end(this.#hash!)
      journal?.flush()
    }
    if (answer.change !== undefined) records.change(this.#hash!, answer.change)
    if (created === undefined) return
    if (answer.record !== undefined)
      records.begin(this.#service.hashOf(created.key), { ...answer.record, replica: replicaId })
    // First, so that no other session can take the room that was kept for this one.
    pins.insert(this.#service.hashOf(created.key), replicaId, wallMs, created.ttlMs, created.maxAgeMs)
    this.#room?.giveBack()
    this.#session = created
  }

  #movesPin(answeredId: number): boolean {
    if (this.#session?.memory === 'carried' || this.#hasMoved) return false
    return this.#decision === MOVED || (this.#pinnedId !== -1 && this.#pinnedId !== answeredId)
  }

  /**
   * The pin moves now, after the new home's first success, and not before. Of a session's requests that find its
   * replica gone at once, the first to be answered moves it. Returns the place of the session's home.
   */
  #movePin(session: NamedSession, toId: number): number {
    const { pins, counters, journal } = this.#parts
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
      this.#room?.giveBack()
      if (this.#decision === MOVED) counters.moved(index, this.#reason!)
      journal?.note(this.#hash!, this.#nowMs)
      this.secondThoughts?.moved(this.#hash!, toId, this.#epoch)
      return this.#place
    }
    if (pins.replica === toId) {
      this.#decision = HIT
      this.#reason = undefined
    }
    const home = replicas.indexOf(pins.replica)
    return home === -1 ? this.#place : home
  }

  /** What keeps the session alive, where its replicas lose it, and what that may do to this request. */
  #revivalOf(session: NamedSession, revival: Revival): SessionRevival {
    return new SessionRevival(this.#parts, this.#service, session, revival, {
      state: () => ({
        place: this.#place,
        pinnedId: this.#pinnedId,
        epoch: this.#epoch,
        reason: this.#reason,
      }),
      hash: () => this.#hash!,
      canLeave: () => this.#canLeave(this.#hash!, this.#place),
      leave: () => {
        const place = this.#place
        this.#parts.board.end(this.#service.replicas.replicas[place]!.slot)
        this.#place = -1
        this.undecided = true
        return place
      },
      decide: (decide) => this.#decide(decide),
      refuse: (code) => {
        this.refusal = code
      },
      goTo: (revived) => {
        this.#pinnedId = revived.replicaId
        this.#epoch = revived.epoch
        this.#hasMoved = true
        this.#decision = MOVED
        this.#reason ??= 'unknown-session'
        this.#choose(revived.place)
      },
      goHome: () => {
        this.#parts.board.nowMs = this.#nowMs
        this.#tried = NONE_TRIED
        this.#hasMoved = false
        this.#reason = undefined
        this.#findHome(session, this.#hash!)
      },
    })
  }

  upgraded(tunnel: OpenTunnel): void {
    const session = this.#session
    const stays = session !== undefined && this.#staysHome
    this.#tunnel = new HomedTunnel(this.#parts, this.#service, this.#place, session, stays, tunnel)
  }

  finished(summary: ExchangeSummary): void {
    const { board, counters, accessLog } = this.#parts
    const { replicas, index } = this.#service
    this.#isOver = true
    this.secondThoughts?.end()
    this.#turn?.leave()
    this.#lookup?.cancel()
    this.#room?.giveBack()
    this.#tunnel?.close()
    const code = summary.refusal ?? this.refusal
    if (code !== undefined) counters.refused(refusalCodes.indexOf(code))
    if (summary.aborted) counters.aborted(index)
    if (summary.tunnelEnd !== undefined) counters.tunnelEnded(index, summary.tunnelEnd)
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
function describeSession(
  session: NamedSession | undefined,
  { dialect }: RoutedService,
): SessionState | 'new' {
  if (session === undefined) return 'none'
  if (!session.isNew) return 'valid'
  return dialect.state === 'none' ? 'new' : dialect.state
}
