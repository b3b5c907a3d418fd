import type { NamedSession, Revival } from '../dialects/dialect.ts'
import type { RefusalCode } from '../errors.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { SecondThoughts, SentRequest } from '../http/route.ts'
import type { MoveReason } from '../observe/counters.ts'
import type { SessionRecord } from '../session/session-record.ts'
import { type RevivedSession, reviveSession } from './revive-session.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'

/** How often one request has its session begun anew before that is taken for hopeless. */
const MOST_REVIVALS = 2
/** How long a stream waits before it is opened anew, try by try, in milliseconds. */
const REOPEN_PAUSES_MS = [0, 100, 500, 1000, 2000, 4000]
/** How long it must have been open for the tries to count anew. */
const STEADY_MS = 10_000

/** Where a request stands, as its route knows it. */
export interface RequestState {
  /** The place of the replica that it went to; -1: none. */
  readonly place: number
  /** What its session's pin names, and the pin's epoch. */
  readonly pinnedId: number
  readonly epoch: number
  readonly reason: MoveReason | undefined
}

/** A route whose session can be begun anew. */
export interface RevivableRoute {
  state(): RequestState
  /** The hash of the session; holds until the next call. */
  hash(): Uint32Array
  /** Whether its session has somewhere else to go than where it lives. */
  canLeave(): boolean
  /** The replica that it went to is done with it; it is undecided from now on. Returns the replica's place. */
  leave(): number
  /** It goes on, or is refused: `decide` does one of them, now that it may. Nothing happens once it is over. */
  decide(decide: () => void): void
  refuse(code: RefusalCode): void
  /** It goes to where its session was begun anew. */
  goTo(revived: RevivedSession): void
  /** It goes to its session's home, wherever that is now. */
  goHome(): void
}

/** Keeps the session of one request alive, where its replicas lose it. */
export class SessionRevival implements SecondThoughts {
  readonly #parts: RouterParts
  readonly #service: RoutedService
  readonly #session: NamedSession
  readonly #revival: Revival
  readonly #route: RevivableRoute
  #revivals = 0
  #reopenings = 0
  /** When it was opened anew. */
  #reopenedAtMs = Number.POSITIVE_INFINITY
  #reopening: NodeJS.Timeout | undefined
  /** Ends what the thread knows of this request as one of its session's. */
  #endWork: () => void

  constructor(
    parts: RouterParts,
    service: RoutedService,
    session: NamedSession,
    revival: Revival,
    route: RevivableRoute,
  ) {
    this.#parts = parts
    this.#service = service
    this.#session = session
    this.#revival = revival
    this.#route = route
    this.#endWork = parts.streams.work(session.key)
  }

  /** The request is over. */
  end(): void {
    clearTimeout(this.#reopening)
    this.#endWork()
  }

  /**
   * Whether it is known here how the session is named at the home that it has had since `epoch`: if it is, that is
   * the name that is sent from now on.
   */
  knowsName(hash: Uint32Array, epoch: number): boolean {
    if (epoch === 0) return true
    const known = this.#parts.idsAtReplicas.get(nameOf(hash, epoch))
    if (known !== undefined) this.#revival.idAtReplica = known
    return known !== undefined
  }

  /** Asks for the session's record, and takes its name from that. Never rejects. */
  async learnName(hash: Uint32Array, epoch: number): Promise<SessionRecord | undefined> {
    const record = await this.#parts.records.read(hash, epoch)
    // Where it can't be read now, the next request may have more luck.
    if (record === undefined) return undefined
    this.#revival.idAtReplica = record.idAtReplica
    this.keepName(this.#route.hash(), Math.max(epoch, record.epoch))
    return record
  }

  /** The session is named so at the home that it has had since `epoch`. */
  keepName(hash: Uint32Array, epoch: number): void {
    if (epoch > 0) this.#parts.idsAtReplicas.keep(nameOf(hash, epoch), this.#revival.idAtReplica)
  }

  /** The session has moved under its name, to a replica that knew it. */
  moved(hash: Uint32Array, replica: number, epoch: number): void {
    const { idAtReplica } = this.#revival
    void this.#parts.records.move(hash, { replica, epoch, idAtReplica })
    this.keepName(hash, epoch)
  }

  doubts(head: ResponseHead): number {
    return this.#revival.doubts(head)
  }

  rejects(head: ResponseHead, content: Buffer, request: SentRequest): boolean {
    if (!this.#revival.isUnknown(head, content)) return false
    const { state, leave, decide, refuse } = this.#route
    const { pinnedId, epoch, reason = 'unknown-session' } = state()
    const place = leave()
    if (!this.#revival.revives || this.#revivals++ >= MOST_REVIVALS)
      decide(() => refuse('LIMPET_SESSION_GONE'))
    else void this.#revive({ place, pinnedId, epoch, reason }, request)
    return true
  }

  async #revive(
    { place, pinnedId, epoch, reason }: RequestState & { readonly reason: MoveReason },
    request: SentRequest,
  ): Promise<void> {
    const { hash, decide, refuse, goTo } = this.#route
    const revived = await reviveSession(this.#parts, this.#service, {
      session: this.#session,
      revival: this.#revival,
      hash: Uint32Array.from(hash()),
      place,
      pinnedId,
      epoch,
      reason,
      waitingHead: request.head,
    })
    if (typeof revived === 'string') {
      decide(() => refuse(revived))
      return
    }
    // The session's own stream does not wait for itself.
    if (!this.#revival.reopens) await this.#parts.records.followed(hash(), revived.epoch)
    decide(() => {
      this.#revival.idAtReplica = revived.idAtReplica
      this.keepName(hash(), revived.epoch)
      if (request.mayRepeat) goTo(revived)
      else refuse('LIMPET_SESSION_MOVED')
    })
  }

  begins(again: () => void): void {
    if (!this.#revival.reopens) return
    this.#endWork()
    const { records, streams } = this.#parts
    // A copy: there may be thousands of streams, and each is looked at again and again.
    const hash = Uint32Array.from(this.#route.hash())
    const close = streams.open({
      session: this.#session.key,
      whyMove: () => this.#whyMove(hash),
      move: again,
    })
    records.streams(this.#route.hash(), this.#route.state().epoch)
    this.#endWork = () => {
      close()
      records.streams(this.#route.hash(), undefined)
    }
  }

  #whyMove(hash: Uint32Array): 'elsewhere' | 'drained' | undefined {
    const { pins, board, context } = this.#parts
    const { state, canLeave } = this.#route
    const replica = this.#service.replicas.replicas[state().place]
    if (replica === undefined) return undefined
    // An open stream is a use of its session.
    const isPinned = pins.find(hash, context.turn.wallMs, this.#session.ttlMs)
    if (isPinned && pins.replica !== replica.id) return 'elsewhere'
    return board.whyUnusable(replica.slot) === 'drained' && canLeave() ? 'drained' : undefined
  }

  reopens(): boolean {
    if (this.#parts.context.turn.wallMs - this.#reopenedAtMs >= STEADY_MS) this.#reopenings = 0
    this.#reopenedAtMs = Number.POSITIVE_INFINITY
    const pauseMs = REOPEN_PAUSES_MS[this.#reopenings]
    if (!this.#revival.reopens || pauseMs === undefined) return false
    this.#reopenings++
    const { leave, decide, goHome } = this.#route
    leave()
    // The replica may be in the middle of its end, or another of the session's requests of moving it.
    this.#reopening = setTimeout(() => {
      this.#revivals = 0
      decide(goHome)
    }, pauseMs)
    return true
  }

  continues(head: ResponseHead): boolean {
    if (!this.#revival.continues(head)) return false
    this.#reopenedAtMs = this.#parts.context.turn.wallMs
    this.#parts.records.streams(this.#route.hash(), this.#route.state().epoch)
    return true
  }
}

/** Under which a thread remembers how a session's replica names it. */
function nameOf(hash: Uint32Array, epoch: number): string {
  return `${hash[0]}.${hash[1]}.${hash[2]}.${hash[3]}.${epoch}`
}
