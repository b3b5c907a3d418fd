import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { askCarelessReplica, carelessHost } from './ask-careless-replica.ts'
import { startCarelessReplica } from './careless-replica.ts'
import { expectedRequestFields } from './expected-fields.ts'
import { requestBytes } from './generate.ts'
import { cuts, mutate } from './mutate.ts'
import { createRandom } from './random.ts'
import { readRequestsWithLimpet } from './read-with-limpet.ts'
import { createNodeReader } from './read-with-node.ts'
import { requestKey } from './request-key.ts'
import { type RouterProcess, routerTimeouts, startRouter } from './router-process.ts'
import { type StrictReplica, startStrictReplica } from './strict-replica.ts'

/** What a run against a running router found. */
export interface LiveReport {
  readonly connections: number
  /** Whole requests that reached the replica. */
  readonly served: number
  /** Answers of the replica that sends anything. */
  readonly answers: number
  readonly failures: readonly string[]
}

const CLIENTS = 40
const ASKERS = 40
/** One connection in so many is left alone, for the router to close. */
const LEFT_OPEN_ONE_IN = 12
/** The longest that the router may keep a silent connection, with its linger and its ticks. */
const longestMs =
  Math.max(routerTimeouts.headMs, routerTimeouts.requestBodyMs, routerTimeouts.idleMs) + 2000 + 1000

/**
 * Sends mutated requests to a router, and has it relay mutated responses, until `deadlineMs` (of `performance.now()`), then looks whether it is
 * whole. Connection number n has the seed `seed + n`.
 */
export async function runLive(seed: number, deadlineMs: number): Promise<LiveReport> {
  const replica = await startStrictReplica()
  const careless = await startCarelessReplica()
  const node = createNodeReader()
  const stopReplicas = (): void => {
    replica.stop()
    careless.stop()
    node.close()
  }
  const router = await startRouter([
    { port: careless.port, host: carelessHost },
    { port: replica.port },
  ]).catch((error) => {
    stopReplicas()
    throw error
  })
  let connections = 0
  let answers = 0
  const failures: string[] = []
  const left: Promise<string | undefined>[] = []
  try {
    const client = async (): Promise<void> => {
      while (performance.now() < deadlineMs && router.isRunning()) {
        const open = await sendOne(router.port, replica, (seed + connections++) >>> 0)
        if (open !== undefined) left.push(open.end)
      }
    }
    const asker = async (): Promise<void> => {
      while (performance.now() < deadlineMs && router.isRunning()) {
        const failure = await askCarelessReplica(router.port, node, (seed + answers++) >>> 0)
        if (failure !== undefined) failures.push(failure)
      }
    }
    await Promise.all([...Array.from({ length: CLIENTS }, client), ...Array.from({ length: ASKERS }, asker)])
    failures.push(...(await Promise.all(left)).filter((failure) => failure !== undefined))
    failures.push(...replica.faults, ...(await lookAt(router, replica)))
    const { served } = replica
    return { connections, served, answers, failures: [...new Set(failures)].slice(0, 10) }
  } finally {
    stopReplicas()
    await router.stop()
  }
}

/**
 * One connection: writes its bytes in pieces, then takes what comes until it is silent. Resolves to undefined, or,
 * for a connection that is left open, to its end, which tells what was wrong with it.
 */
async function sendOne(
  port: number,
  replica: StrictReplica,
  seed: number,
): Promise<{ end: Promise<string | undefined> } | undefined> {
  const random = createRandom(seed)
  const bytes = mutate(random, requestBytes(random))
  for (const message of readRequestsWithLimpet(bytes, [bytes.length]).messages) {
    const start = `${message.start.slice(0, message.start.indexOf(' '))} ${message.target}`
    const fields = expectedRequestFields(message)
    replica.expect(requestKey(start, fields, undefined))
    if (message.complete) replica.expect(requestKey(start, fields, message.body))
  }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  socket.on('error', () => {
    // A reset is one of the router's answers.
  })
  const closed = once(socket, 'close').catch(() => {})
  await Promise.race([once(socket, 'connect').catch(() => {}), closed])
  let from = 0
  for (const to of cuts(random, bytes.length).slice(0, 20).concat(bytes.length)) {
    if (socket.destroyed) break
    if (to > from) socket.write(bytes.subarray(from, to))
    from = to
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (random.oneIn(LEFT_OPEN_ONE_IN)) return { end: closesInTime(socket, seed) }
  if (random.oneIn(20)) socket.resetAndDestroy()
  await silence(socket)
  socket.destroy()
  return undefined
}

/** Resolves once nothing came for 30 ms, or the connection is over. */
function silence(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 30)
    socket.on('data', () => timer.refresh())
    for (const event of ['end', 'close'] as const) {
      socket.once(event, () => {
        clearTimeout(timer)
        resolve()
      })
    }
  })
}

async function closesInTime(socket: Socket, seed: number): Promise<string | undefined> {
  socket.resume()
  const over = Promise.race([once(socket, 'end'), once(socket, 'close')]).then(
    () => true,
    () => true,
  )
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), longestMs)
  })
  const inTime = socket.destroyed || socket.readableEnded || (await Promise.race([over, expired]))
  clearTimeout(timer)
  socket.destroy()
  return inTime ? undefined : `A connection was still open after ${longestMs} ms: FUZZ_SEED=${seed}`
}

/** What is wrong with the router after the load; nothing is under way any more. */
async function lookAt(router: RouterProcess, replica: StrictReplica): Promise<string[]> {
  const failures: string[] = []
  if (!router.isRunning()) return [`The router has ended:\n${router.log()}`]
  const fields = [['Host', 'a']] as const
  replica.expect(requestKey('GET /good', fields, undefined))
  replica.expect(requestKey('GET /good', fields, Buffer.alloc(0)))
  const socket = connect(router.port, '127.0.0.1')
  socket.write('GET /good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  if (!answer.startsWith('HTTP/1.1 20'))
    failures.push(`A good request is answered with ${JSON.stringify(answer)}`)
  for (const name of ['limpet_requests_in_flight', 'limpet_connections']) {
    const value = await settled(() => router.metric(name))
    if (value !== 0) failures.push(`${name} is ${value} with no client left`)
  }
  const errors = router
    .log()
    .split('\n')
    .filter((line) => line !== '' && !/"level":(?:10|20|30|40),/.test(line))
  if (errors.length > 0) failures.push(`The router's log has ${errors.length} errors: ${errors[0]}`)
  return failures
}

/** The value once it is 0, or as it is after three seconds: closing connections takes a moment. */
async function settled(read: () => Promise<number>): Promise<number> {
  let value = await read()
  for (let attempt = 0; value !== 0 && attempt < 30; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    value = await read()
  }
  return value
}
