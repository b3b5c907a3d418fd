import { Agent, get } from 'node:http'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const host = 'bench.example'

/** What a replica says about a request that reached it. */
type Check = Readonly<Record<'replica' | 'for' | 'proto' | 'host' | 'requests', string>>

/**
 * Makes sure that a proxy does what all are compared at, and throws an error that says what it doesn't do: a session
 * stays on its replica over 20 requests, sessions spread over all replicas, X-Forwarded-For, -Proto and -Host are
 * added, and connections to replicas are kept. Waits up to ten seconds for the first answer, since some proxies
 * listen before they know their replicas.
 */
export async function verifyProxy(port: number, replicaPorts: readonly number[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const check = (session: string) => requestCheck(port, session, agent)
  try {
    await firstAnswer(check)
    const used = new Set<string>()
    for (let session = 0; session < 40; session++) used.add((await check(`s-${session}`)).replica)
    if (used.size !== replicaPorts.length) {
      throw new Error(`40 sessions reached ${used.size} of ${replicaPorts.length} replicas`)
    }
    for (const session of ['s-1', 's-2', 's-3', 's-4']) await verifySession(session, check)
  } finally {
    agent.destroy()
  }
}

async function verifySession(session: string, check: (session: string) => Promise<Check>): Promise<void> {
  const { replica } = await check(session)
  for (let count = 0; count < 20; count++) {
    const seen = await check(session)
    if (seen.replica !== replica)
      throw new Error(`session ${session} moved from ${replica} to ${seen.replica}`)
    // Envoy replaces a loopback address by one of the machine's own.
    if (isIP(seen.for) === 0) throw new Error(`X-Forwarded-For was "${seen.for}"`)
    if (seen.proto !== 'http') throw new Error(`X-Forwarded-Proto was "${seen.proto}"`)
    if (seen.host !== host) throw new Error(`X-Forwarded-Host was "${seen.host}"`)
    if (count === 19 && Number(seen.requests) < 10)
      throw new Error('it does not keep connections to replicas')
  }
}

async function firstAnswer(check: (session: string) => Promise<Check>): Promise<void> {
  const deadlineMs = Date.now() + 10_000
  for (;;) {
    try {
      await check('s-0')
      return
    } catch (error) {
      if (Date.now() > deadlineMs) throw error
      await sleep(100)
    }
  }
}

function requestCheck(port: number, session: string, agent: Agent): Promise<Check> {
  return new Promise((done, fail) => {
    const headers = { host, 'x-session': session }
    const request = get(
      { port, host: '127.0.0.1', path: '/check', headers, agent, timeout: 5000 },
      (response) => {
        response.setEncoding('utf8')
        let text = ''
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', fail)
        response.on('end', () => {
          if (response.statusCode !== 200)
            fail(new Error(`it answered ${response.statusCode}: ${text.slice(0, 200)}`))
          else
            done(
              Object.fromEntries(
                text
                  .trim()
                  .split('\n')
                  .map((line) => line.split('=', 2)),
              ) as Check,
            )
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error('it did not answer within 5 s')))
    request.on('error', fail)
  })
}
