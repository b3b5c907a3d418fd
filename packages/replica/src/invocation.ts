import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import { answer } from './answer.ts'
import {
  DisabledError,
  FullError,
  NoSessionIdError,
  SessionNotFoundError,
  SessionRequestError,
  StaleEpochError,
} from './errors.ts'
import {
  closedSessionIdHeader,
  epochOf,
  newSession,
  newSessionIdHeader,
  newSessionValue,
  sessionIdOf,
} from './headers.ts'
import { readSessionRequest } from './session-request.ts'
import type { Sessions } from './sessions.ts'
import { Visit } from './visit.ts'

/** What does the work of a request. The request is over when this has resolved and the response is sent. */
export type Visitor = (visit: Visit) => unknown

/** Runs work in the order in which it comes for one session, or at once. */
export type InOrder = (id: string, work: () => Promise<void>) => Promise<void>

export interface Invocation {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Undefined when stateful sessions are switched off. */
  readonly sessions: Sessions | undefined
  readonly inOrder: InOrder
}

/**
 * An invocation by the container's contract: answers NEW_SESSION and CLOSE requests, and has `visitor` answer all
 * others, with the session that they name. Throws what the request is to be refused with.
 */
export async function invoke(invocation: Invocation, visitor: Visitor): Promise<void> {
  const { request, response, sessions, inOrder } = invocation
  const asked = await readSessionRequest(request)
  const id = sessionIdOf(request)
  const epoch = epochOf(request)
  if (!sessions) {
    if (asked !== undefined || id !== undefined) throw new DisabledError()
    return visit(new Visit(request, response, { epoch }), response, visitor)
  }
  if (asked === 'NEW_SESSION') return answerNew(invocation, sessions, { id, epoch })
  if (asked === 'CLOSE') return answerClose(invocation, sessions, { id, epoch })
  if (id === undefined || id === newSession) {
    const started = new Visit(request, response, { sessions, epoch })
    return visit(started, response, async () => {
      if (id === newSession) await started.create()
      await visitor(started)
    })
  }
  await inOrder(id, async () => {
    // Whoever waited in line for nothing must not change the session any more.
    if (response.destroyed) return
    const session = await sessions.enter(id, epoch)
    await visit(new Visit(request, response, { sessions, epoch, session }), response, visitor)
  })
}

/** What a session request says of the session. */
interface Named {
  readonly id: string | undefined
  readonly epoch: number
}

async function answerNew({ response }: Invocation, sessions: Sessions, { id, epoch }: Named): Promise<void> {
  // A session that the request names besides must be there, as in the AWS library; it is not touched.
  if (id !== undefined && id !== newSession) await sessions.leave(await sessions.enter(id, epoch))
  const session = await asSessionRequest('create', () => sessions.create(epoch))
  try {
    answer(response, 200, `Session ${session.id} created`, { [newSessionIdHeader]: newSessionValue(session) })
  } finally {
    await sessions.leave(session)
  }
}

async function answerClose(
  { response, inOrder }: Invocation,
  sessions: Sessions,
  { id, epoch }: Named,
): Promise<void> {
  if (id === undefined) throw new SessionRequestError('close', new NoSessionIdError())
  await inOrder(id, () => asSessionRequest('close', () => sessions.close(id, epoch)))
  answer(response, 200, `Session ${id} closed`, { [closedSessionIdHeader]: id })
}

/** Lets refusals pass that have a status of their own; every other failure is 424, as in the AWS library. */
async function asSessionRequest<T>(what: 'create' | 'close', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const passes = [FullError, SessionNotFoundError, StaleEpochError].some((type) => error instanceof type)
    throw passes ? error : new SessionRequestError(what, error)
  }
}

async function visit(visit: Visit, response: ServerResponse, visitor: Visitor): Promise<void> {
  try {
    await visitor(visit)
    // A client that goes away is no fault of the visitor.
    await finished(response).catch(() => {})
  } finally {
    await visit.end()
  }
}
