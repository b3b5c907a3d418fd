import { type CaseContext, CaseFailure, type ConformanceCase, demand, passed, pause } from '../case.ts'
import type { RawClient } from '../client.ts'
import { exchange, get, post } from '../exchange.ts'

/** How late a timer may fire, on a busy machine. */
const graceMs = 1500

/** Sends `bytes` one at a time, `everyMs` apart, until they end, `stopped` or the proxy closes. */
async function drip(client: RawClient, bytes: string, everyMs: number, untilMs: number): Promise<void> {
  for (const byte of bytes) {
    if (performance.now() > untilMs || (await client.closed(everyMs)) !== 'open' || client.unread() !== '')
      return
    client.send(byte)
  }
}

/** Demands a refusal or a close within `waitMs`, and that the replica's connection is closed too. */
async function demandCut(context: CaseContext, client: RawClient, waitMs: number): Promise<void> {
  try {
    const response = await client.response({ waitMs })
    demand([400, 408, 413, 504].includes(response.status), `answers ${response.status}`)
  } catch (error) {
    // Where the proxy has nothing to say any more, it may just close.
    if (!(error instanceof CaseFailure) || !/^(closed|reset)/.test(error.message)) throw error
  }
  const aborted = () =>
    context.replica.seen(context.token).every((seen) => seen.connection.closedAtMs !== undefined)
  demand(await context.replica.until(aborted, 1000), "keeps the replica's connection open")
}

/** Sends chunks as long as the kernel takes them; returns how many bytes it took in `ms`. */
async function flood(context: CaseContext, ms: number, limitBytes: number): Promise<number> {
  let takenBytes = 0
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  context.answer(async ({ connection }, reply) => {
    reply.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    while (connection.closedAtMs === undefined && takenBytes < limitBytes) {
      while (reply.pendingBytes() < 4 * chunk.length && takenBytes < limitBytes) {
        reply.send(chunk)
        takenBytes += chunk.length
      }
      await pause(2)
    }
  })
  const client = await context.connect()
  client.send(get(context.token))
  await client.receive('HTTP/1.1 200')
  client.stopReading()
  await pause(ms)
  return takenBytes
}

/** Rows 61, 62 and 85: clients and replicas that are slow on purpose. */
export const timeoutCases: readonly ConformanceCase[] = [
  {
    id: '61a',
    row: 61,
    stricterThanRfc: true,
    rfc: 'RFC 9110 §15.5.9',
    title: 'a head that drips gets 408 within the head timeout',
    slow: true,
    needs: ['headTimeoutMs'],
    run: async (context) => {
      const { headTimeoutMs = 0 } = context.settings
      const client = await context.connect()
      const startedAtMs = performance.now()
      const limitMs = startedAtMs + headTimeoutMs + graceMs
      await drip(
        client,
        `${get(context.token).slice(0, -2)}X: ${'a'.repeat(1000)}`,
        headTimeoutMs / 10,
        limitMs,
      )
      const response = await client.response({ waitMs: 100 })
      demand(response.status === 408, `answers ${response.status}`)
      return passed
    },
  },
  {
    id: '61b',
    row: 61,
    stricterThanRfc: true,
    rfc: 'RFC 9110 §15.5.9',
    title: 'half a request line and silence get 408 within the head timeout',
    slow: true,
    needs: ['headTimeoutMs'],
    run: async (context) => {
      const { headTimeoutMs = 0 } = context.settings
      const client = await context.connect()
      client.send('GET /')
      const response = await client.response({ waitMs: headTimeoutMs + graceMs })
      demand(response.status === 408, `answers ${response.status}`)
      return passed
    },
  },
  {
    id: '62a',
    row: 62,
    stricterThanRfc: true,
    rfc: 'RFC 9110 §15.5.9',
    title: 'a body that stops is cut within the body timeout',
    slow: true,
    needs: ['bodyTimeoutMs'],
    run: async (context) => {
      const client = await context.connect()
      client.send(post(context.token, ['Content-Length: 1000'], '0123456789'))
      await demandCut(context, client, (context.settings.bodyTimeoutMs ?? 0) + graceMs)
      return passed
    },
  },
  {
    id: '62b',
    row: 62,
    stricterThanRfc: true,
    rfc: 'RFC 9112 §9.5',
    title: 'a body that drips below the minimum rate is cut',
    slow: true,
    needs: ['bodyRateGraceMs'],
    run: async (context) => {
      const { bodyRateGraceMs = 0 } = context.settings
      const client = await context.connect()
      client.send(post(context.token, ['Content-Length: 1000']))
      await drip(client, 'x'.repeat(1000), 200, performance.now() + bodyRateGraceMs + graceMs)
      await demandCut(context, client, 100)
      return passed
    },
  },
  {
    id: '62c',
    row: 62,
    stricterThanRfc: true,
    rfc: 'RFC 9112 §9.5',
    title: 'a client that never reads stops the replica; memory stays flat',
    run: async (context) => {
      const takenBytes = await flood(context, 1500, 512 * 2 ** 20)
      const megabytes = Math.round(takenBytes / 2 ** 20)
      demand(megabytes <= 64, `takes ${megabytes} MB from the replica`)
      return passed
    },
  },
  {
    id: '62d',
    row: 62,
    stricterThanRfc: true,
    rfc: 'RFC 9112 §9.5',
    title: 'a client that never reads is cut when it stalls for too long',
    slow: true,
    needs: ['writeStallMs'],
    run: async (context) => {
      await flood(context, 0, 512 * 2 ** 20)
      const [seen] = context.replica.seen(context.token)
      demand(seen !== undefined, 'the replica sees nothing')
      const closed = () => seen.connection.closedAtMs !== undefined
      const waitMs = (context.settings.writeStallMs ?? 0) + 2 * graceMs
      demand(await context.replica.until(closed, waitMs), "keeps the replica's connection open")
      return passed
    },
  },
  {
    id: '62e',
    row: 62,
    stricterThanRfc: true,
    rfc: 'RFC 9112 §9.5',
    title: 'a client that reads again after a pause gets everything',
    run: async (context) => {
      const body = 'x'.repeat(8 * 2 ** 20)
      context.answer((_seen, reply) =>
        reply.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      )
      const client = await context.connect()
      client.stopReading()
      client.send(get(context.token))
      await pause(500)
      client.resumeReading()
      const response = await client.response({ waitMs: 5000 })
      demand(
        response.complete && response.body.length === body.length,
        `${response.body.length} bytes arrive`,
      )
      return passed
    },
  },
  {
    id: '85c',
    row: 85,
    rfc: 'RFC 9110 §15.6.5',
    title: 'a replica that never answers gets 504 within the response timeout',
    slow: true,
    needs: ['responseTimeoutMs'],
    run: async (context) => {
      context.answer(() => new Promise(() => {}))
      const waitMs = (context.settings.responseTimeoutMs ?? 0) + graceMs
      const { response } = await exchange(context, post(context.token, ['Content-Length: 1'], 'x'), {
        waitMs,
      })
      demand(response.status === 504, `answers ${response.status}`)
      demand(context.replica.seen(context.token).length === 1, 'sends the POST again')
      return passed
    },
  },
]
