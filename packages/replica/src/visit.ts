import type { IncomingMessage, ServerResponse } from 'node:http'
import { beforeHead } from './before-head.ts'
import { BadRequestError, DisabledError, SessionNotFoundError } from './errors.ts'
import { closedSessionIdHeader, newSessionIdHeader, newSessionValue } from './headers.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

const visits = new WeakMap<IncomingMessage, Visit>()

/**
 * The visit of a request, for handlers of a framework that know only the request.
 * @throws {Error} for a request that did not come through a container
 */
export function visitOf(request: IncomingMessage): Visit {
  const visit = visits.get(request)
  if (!visit) throw new Error('This request did not come through a container of @limpet/replica.')
  return visit
}

/** What a visit begins with. */
export interface VisitStart {
  /** Undefined when stateful sessions are switched off. */
  readonly sessions?: Sessions | undefined
  readonly epoch: number
  /** The session that the request names. */
  readonly session?: Session | undefined
}

/** One request and the session that it works on. */
export class Visit {
  readonly #response: ServerResponse
  readonly #sessions: Sessions | undefined
  readonly #epoch: number
  #session: Session | undefined
  /** Whether the client has yet to learn the id of the session, which this request has created. */
  #unannounced = false

  constructor(request: IncomingMessage, response: ServerResponse, start: VisitStart) {
    this.#response = response
    this.#sessions = start.sessions
    this.#epoch = start.epoch
    this.#session = start.session
    visits.set(request, this)
  }

  /** The session that the request names or has created; undefined when there is none. */
  get session(): Session | undefined {
    return this.#session
  }

  /**
   * Creates a session, whatever the request's body is; the response tells the client its id. If the response turns
   * out to be an error, or never comes, the session is closed again.
   * @throws {FullError} when the replica holds as many sessions as it may
   * @throws {DisabledError} when stateful sessions are switched off
   * @throws {BadRequestError} when the request has a session, or when the response has begun
   */
  async create(): Promise<Session> {
    if (!this.#sessions) throw new DisabledError()
    if (this.#session) throw new BadRequestError('the request has a session already')
    if (this.#response.headersSent)
      throw new BadRequestError('the response has begun, and can not name a session')
    const session = await this.#sessions.create(this.#epoch)
    this.#session = session
    this.#unannounced = true
    beforeHead(this.#response, (status) => {
      if (status >= 400 || this.#response.destroyed || !this.#unannounced) return
      this.#response.setHeader(newSessionIdHeader, newSessionValue(session))
      this.#unannounced = false
    })
    return session
  }

  /**
   * Closes the request's session; the response tells the client and the router, unless it has begun.
   * @throws {BadRequestError} when the request has none
   */
  async close(): Promise<void> {
    const session = this.#session
    if (!session || !this.#sessions) throw new BadRequestError('the request has no session')
    await this.#sessions.close(session.id, session.epoch)
    this.#unannounced = false
    if (!this.#response.headersSent) this.#response.setHeader(closedSessionIdHeader, session.id)
  }

  /** For the container: the request is over. */
  async end(): Promise<void> {
    const session = this.#session
    if (!session || !this.#sessions) return
    await this.#sessions.leave(session)
    if (!this.#unannounced) return
    try {
      await this.#sessions.close(session.id, session.epoch)
    } catch (error) {
      if (!(error instanceof SessionNotFoundError)) throw error
    }
  }
}
