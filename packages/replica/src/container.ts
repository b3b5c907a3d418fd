import type { IncomingMessage, ServerResponse } from 'node:http'
import { answer, answerError } from './answer.ts'
import { ReplicaError, SettingsError, StoppingError } from './errors.ts'
import { Fifo } from './fifo.ts'
import { type InOrder, invoke, type Visitor } from './invocation.ts'
import { type Limits, limitsOf } from './limits.ts'
import { type Listening, type ListenOptions, listen } from './listen.ts'
import { isReady, type Ready } from './ping.ts'
import { type SessionHooks, Sessions } from './sessions.ts'
import { readSettings, type Settings } from './settings.ts'
import { createFileStore } from './store/file-store.ts'
import type { SessionStore } from './store/store.ts'
import { startSweeper } from './sweeper.ts'
import { UnderWay } from './under-way.ts'
import type { Visit } from './visit.ts'

/** Answers a request; `visit.session` is the session that it belongs to. */
export type Handler = (request: IncomingMessage, response: ServerResponse, visit: Visit) => unknown

export interface ContainerOptions extends SessionHooks {
  /** Answers invocations, unless a framework does (`enter`). */
  readonly handler?: Handler
  /** Where sessions are kept; by default in files at `SAGEMAKER_SESSIONS_PATH`. The container closes it. */
  readonly store?: SessionStore
  /** Instead of what the environment says: see `Settings`. */
  readonly settings?: Partial<Settings>
  /** Makes sessions end after so long without a request, too, within the life that was announced. */
  readonly idleMs?: number
  readonly limits?: Partial<Limits>
  /** Whether requests of one session wait for each other, in the order in which they came; false by default. */
  readonly serialize?: boolean
  /** Until this gives true, pings are answered with 503. By default it does at once. */
  readonly ready?: Ready
  /** How often expired sessions are looked for; by default a third of the shortest life, at most 10 s. */
  readonly sweepMs?: number
  /** Takes errors that reach no client in full; by default they go to the standard error output. */
  readonly report?: (error: unknown, what: string) => void
  readonly pingPath?: string
  readonly invocationsPath?: string
  /** For tests: the time in milliseconds since 1970. */
  readonly now?: () => number
}

/** The container side of SageMaker's stateful sessions. It owns its store, its sweep, and the requests under way. */
export interface Container {
  /** Undefined when stateful sessions are switched off. */
  readonly sessions: Sessions | undefined
  /** Answers any request: pings, session requests, invocations by the handler; 404 for the rest. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /**
   * The same for a program with a router of its own: answers pings and session requests itself, and calls `visitor`
   * for everything else. Resolves when the request is over. Never rejects: what `visitor` throws is answered.
   */
  serve(request: IncomingMessage, response: ServerResponse, visitor: Visitor): Promise<void>
  /** The same for a middleware: resolves to true when the next one is to answer, to false when all is done. */
  enter(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  /** Starts an HTTP server for `handle`, which SIGTERM ends gracefully. */
  listen(options?: ListenOptions): Promise<Listening>
  /**
   * Takes no more requests (503), waits until those under way are over, at most `graceMs` (25 s by default), and ends
   * the sweep and the store. Sessions stay in the store.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

/**
 * Makes a container, which looks through its store at once.
 * @throws {SettingsError} when an option or environment variable can't be used
 */
export async function createContainer(options: ContainerOptions = {}): Promise<Container> {
  const {
    handler,
    serialize = false,
    ready = () => true,
    report = (error, what) => console.error(`Could not ${what}:`, error),
    pingPath = '/ping',
    invocationsPath = '/invocations',
  } = options
  const settings = { ...readSettings(), ...options.settings }
  const parts = settings.enabled ? await startSessions(options, settings, report) : undefined
  const fifo = new Fifo()
  const inOrder: InOrder = serialize ? (id, work) => fifo.run(id, work) : (_id, work) => work()
  const underWay = new UnderWay()
  let closed: Promise<void> | undefined

  const answerRequest = async (
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
  ): Promise<void> => {
    try {
      if (closed) {
        response.setHeader('connection', 'close')
        throw new StoppingError()
      }
      if (isFor(request, pingPath, ['GET', 'HEAD'])) return answerPing(response, ready)
      await invoke({ request, response, sessions: parts?.sessions, inOrder }, visitor)
    } catch (error) {
      if (!(error instanceof ReplicaError)) report(error, 'answer a request')
      else if (error.cause !== undefined) report(error.cause, `answer a request (${error.code})`)
      answerError(response, error)
    }
  }

  const container: Container = {
    sessions: parts?.sessions,
    async handle(request, response) {
      const known = isFor(request, pingPath) || isFor(request, invocationsPath)
      if (!known || !handler) return answer(response, 404, 'Not found')
      if (isFor(request, invocationsPath) && request.method !== 'POST') {
        return answer(response, 405, 'Method not allowed', { allow: 'POST' })
      }
      if (isFor(request, pingPath) && !isFor(request, pingPath, ['GET', 'HEAD'])) {
        return answer(response, 405, 'Method not allowed', { allow: 'GET, HEAD' })
      }
      await container.serve(request, response, (visit) => handler(request, response, visit))
    },
    serve: (request, response, visitor) => underWay.track(() => answerRequest(request, response, visitor)),
    enter: (request, response) =>
      new Promise((resolve, reject) => {
        if (!isFor(request, pingPath, ['GET', 'HEAD']) && !isFor(request, invocationsPath, ['POST'])) {
          return resolve(true)
        }
        container.serve(request, response, () => resolve(true)).then(() => resolve(false), reject)
      }),
    listen: (listenOptions) => listen(container, listenOptions),
    close({ graceMs = 25_000 } = {}) {
      closed ??= underWay.none(graceMs).then(() => parts?.stop())
      return closed
    },
  }
  return container
}

interface SessionParts {
  readonly sessions: Sessions
  /** Ends the sweep, then the store. */
  stop(): Promise<void>
}

async function startSessions(
  options: ContainerOptions,
  settings: Settings,
  report: (error: unknown, what: string) => void,
): Promise<SessionParts> {
  const { idleMs, now = Date.now, onClose, onExpire, onLost } = options
  const { lifeMs } = settings
  const sweepMs = options.sweepMs ?? Math.min(10_000, (idleMs ?? lifeMs) / 3)
  for (const [name, ms] of Object.entries({ lifeMs, idleMs: idleMs ?? lifeMs, sweepMs })) {
    if (!(ms > 0) || ms > lifeMs)
      throw new SettingsError(`${name} must be above 0 and at most the session's life.`)
  }
  const limits = limitsOf(options.limits)
  const store = options.store ?? (await createFileStore({ path: settings.path }))
  const sessions = new Sessions({
    store,
    limits,
    lifeMs,
    report,
    now,
    ...(idleMs !== undefined && { idleMs }),
    ...(onClose && { onClose }),
    ...(onExpire && { onExpire }),
    ...(onLost && { onLost }),
  })
  await sessions.sweep()
  const stopSweeper = startSweeper((signal) => sessions.sweep(signal), sweepMs)
  return {
    sessions,
    async stop() {
      await stopSweeper()
      await store.close()
    },
  }
}

async function answerPing(response: ServerResponse, ready: Ready): Promise<void> {
  const isUp = await isReady(ready)
  answer(response, isUp ? 200 : 503, isUp ? 'OK' : 'Not ready')
}

function isFor({ method, url = '' }: IncomingMessage, path: string, methods?: readonly string[]): boolean {
  return url.split('?', 1)[0] === path && (methods?.includes(method ?? '') ?? true)
}
