import { type CaseContext, CaseFailure, type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, forwards, get, post, postChunked, request, settleMs } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok, type ReplicaHandler } from '../recording-replica.ts'

const webSocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const rfc = 'RFC 9110 §7.8'

/** Accepts the upgrade and echoes in upper case; answers any other request with 200. */
const upgrading: ReplicaHandler = async ({ request: { fields } }, reply) => {
  await reply.wholeRequest()
  if (valuesOf(fields, 'upgrade').join().toLowerCase() !== 'websocket') return reply.send(ok('ok'))
  reply.send(`${switching}hello;`)
  reply.tunnel((bytes) => reply.send(bytes.replace(/[a-z]/g, (letter) => letter.toUpperCase())))
}

async function openTunnel(context: CaseContext) {
  context.answer(upgrading)
  const { client, response } = await exchange(context, get(context.token, webSocket))
  demand(response.status === 101, `answers ${response.status}`)
  const [seen] = context.replica.seen(context.token)
  demand(seen !== undefined, 'the replica sees nothing')
  return { client, response, seen }
}

/** Rows 47 to 52 and 86: upgrades. */
export const upgradeCases: readonly ConformanceCase[] = [
  forwards({
    id: '47a',
    row: 47,
    rfc: 'RFC 9113 §3.1',
    title: 'Upgrade: h2c is ignored',
    bytes: (token) =>
      get(token, ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']),
    check: ({ request: { fields } }) => {
      demand(valuesOf(fields, 'upgrade').length === 0, 'forwards Upgrade')
      demand(valuesOf(fields, 'http2-settings').length === 0, 'forwards HTTP2-Settings')
    },
  }),
  {
    id: '47b',
    row: 47,
    rfc: 'RFC 9113 §3.1',
    title: 'a replica that would accept h2c opens no tunnel',
    source: 'h2c smuggling, Bishop Fox 2020',
    run: async (context) => {
      context.answer(({ request: { fields } }, reply) => {
        if (valuesOf(fields, 'upgrade').length === 0) return reply.send(ok('ok'))
        reply.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
        reply.tunnel(() => {})
      })
      const bytes = get(context.token, [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
      ])
      const { response } = await exchange(context, bytes)
      demand(response.status !== 101, 'opens a tunnel')
      return passed
    },
  },
  forwards({
    id: '48a',
    row: 48,
    rfc,
    title: 'Upgrade: websocket without Connection: upgrade is an ordinary request',
    bytes: (token) => get(token, webSocket.slice(1)),
    check: ({ request: { fields } }) => {
      const asks = valuesOf(fields, 'connection').join().toLowerCase().includes('upgrade')
      demand(!asks, 'forwards it as an upgrade')
    },
  }),
  ...(
    [
      [
        '49a',
        'known length',
        (token: string) => post(token, [...webSocket, 'Content-Length: 10'], '01234'),
        '56789',
      ],
      [
        '49b',
        'chunks',
        (token: string) => postChunked(token, '5\r\n01234\r\n', webSocket),
        '5\r\n56789\r\n0\r\n\r\n',
      ],
    ] as const
  ).map(
    ([id, kind, start, rest]): ConformanceCase => ({
      id,
      row: 49,
      rfc: 'RFC 9110 §7.8, RFC 6455 §4.1',
      title: `POST with Upgrade and a body of ${kind}: 400, or the whole body comes before any tunnel`,
      run: async (context) => {
        context.answer(upgrading)
        const client = await context.connect()
        client.send(start(context.token))
        await pause(settleMs)
        client.send(rest)
        const response = await client.response()
        if (response.status === 400) return passed
        demand([101, 200].includes(response.status), `answers ${response.status}`)
        const [seen] = context.replica.seen(context.token)
        demand(seen?.request.complete === true, 'the replica sees half a request')
        demand(seen.request.body === '0123456789', 'the body is not forwarded whole')
        return passed
      },
    }),
  ),
  forwards({
    id: '50a',
    row: 50,
    rfc,
    title: 'Upgrade in HTTP/1.0 is ignored',
    bytes: (token) => get(token, webSocket).replace('HTTP/1.1', 'HTTP/1.0'),
    check: ({ request: { fields } }) => demand(valuesOf(fields, 'upgrade').length === 0, 'forwards Upgrade'),
  }),
  ...(
    [
      ['51a', 404, [], 'not found'],
      ['51b', 426, ['Sec-WebSocket-Version: 13'], 'upgrade required'],
    ] as const
  ).map(
    ([id, status, fields, body]): ConformanceCase => ({
      id,
      row: 51,
      rfc,
      title: `${status} to an upgrade is relayed, and both connections stay in order`,
      ...(status === 426 ? { source: 'websocket smuggling (0ang3el, 2019)' } : {}),
      run: async (context) => {
        context.answer((seen, reply) => {
          const isFirst = seen.request.target === `/${context.token}`
          reply.send(isFirst ? ok(body, fields).replace('200 OK', `${status} No`) : ok('after'))
        })
        // The bytes behind the upgrade request are a request, and must be treated as one.
        const bytes = get(context.token, webSocket) + get(context.token, [], '/after')
        const { client, response } = await exchange(context, bytes)
        demand(response.status === status && response.body === body, `answers ${response.status}`)
        const next = await client.response().catch((error: unknown) => {
          if (error instanceof CaseFailure && error.message.startsWith('closed')) return undefined
          throw error
        })
        demand(next === undefined || next.body === 'after', 'the next answer is not framed right')
        const { response: fresh } = await exchange(context, get(context.token, [], '/after'))
        demandOk(fresh)
        demand(fresh.body === 'after', 'the next answer is not framed right')
        return passed
      },
    }),
  ),
  ...(
    [
      ['52a', [], switching, 'a 101 that nobody asked for'],
      ['52b', webSocket, switching.replace('websocket', 'foo'), 'a 101 to another protocol than asked for'],
    ] as const
  ).map(
    ([id, fields, answer, title]): ConformanceCase => ({
      id,
      row: 52,
      rfc,
      title: `${title} becomes 502`,
      stricterThanRfc: true,
      run: async (context) => {
        context.answer((_seen, reply) => reply.send(answer))
        const { response } = await exchange(context, get(context.token, fields))
        demand(response.status === 502, `answers ${response.status}`)
        return passed
      },
    }),
  ),
  {
    id: '86a',
    row: 86,
    rfc: 'RFC 6455 §4.2.2',
    title: 'a WebSocket upgrade opens a tunnel; bytes pass both ways',
    source: 'nginx-tests, proxy_upgrade.t; HAProxy reg-tests, websocket',
    run: async (context) => {
      const { client, response } = await openTunnel(context)
      demand(valuesOf(response.fields, 'sec-websocket-accept').length === 1, 'loses Sec-WebSocket-Accept')
      demand(valuesOf(response.fields, 'upgrade').join() === 'websocket', 'loses Upgrade')
      demand(/upgrade/i.test(valuesOf(response.fields, 'connection').join()), 'loses Connection: upgrade')
      await client.receive('hello;')
      client.send('abc;')
      await client.receive('ABC;')
      client.send('\0\xff\r\n\r\nGET;')
      await client.receive('\0\xff\r\n\r\nGET;')
      return passed
    },
  },
  {
    id: '86b',
    row: 86,
    rfc,
    title: 'bytes sent right behind the upgrade request reach the tunnel',
    source: 'nginx-tests, proxy_upgrade.t',
    run: async (context) => {
      context.answer(upgrading)
      const { response, client } = await exchange(context, `${get(context.token, webSocket)}early;`)
      demand(response.status === 101, `answers ${response.status}`)
      await client.receive('EARLY;')
      return passed
    },
  },
  {
    id: '86c',
    row: 86,
    rfc,
    title: 'the client leaves a tunnel: the replica learns it',
    run: async (context) => {
      const { client, seen } = await openTunnel(context)
      client.destroy()
      const closed = () => seen.connection.closedAtMs !== undefined
      demand(await context.replica.until(closed, 1000), "keeps the replica's connection open")
      return passed
    },
  },
  {
    id: '86d',
    row: 86,
    rfc,
    title: 'the replica ends a tunnel: the client gets its last bytes and learns it',
    run: async (context) => {
      context.answer((_seen, reply) => {
        reply.send(`${switching}bye;`)
        reply.tunnel(() => {})
        reply.end()
      })
      const { client, response } = await exchange(context, get(context.token, webSocket))
      demand(response.status === 101, `answers ${response.status}`)
      await client.receive('bye;')
      demand((await client.closed()) !== 'open', 'keeps the connection open')
      return passed
    },
  },
  {
    id: '86e',
    row: 86,
    rfc,
    title: 'a megabyte passes through a tunnel whole',
    run: async (context) => {
      const { client } = await openTunnel(context)
      await client.receive('hello;')
      client.send(`${'abcdefghijklmnop'.repeat(0x10000)};`)
      const all = await client.receive('P;', 5000)
      demand(all.length === 0x100000 + 'hello;;'.length, `${all.length} bytes come back`)
      return passed
    },
  },
  {
    id: '86f',
    row: 86,
    rfc: 'RFC 9110 §7.8',
    title: 'upgrade options in other case, beside others, open a tunnel',
    source: 'nginx-tests, proxy_upgrade.t',
    run: async (context) => {
      context.answer(upgrading)
      const fields = ['connection: keep-alive, upgrade', 'upgrade: WebSocket', ...webSocket.slice(2)]
      const { response } = await exchange(context, request('GET', context.token, fields))
      demand(response.status === 101, `answers ${response.status}`)
      return passed
    },
  },
  {
    id: '51c',
    row: 51,
    rfc: 'RFC 9110 §15.5.22',
    title: '426 keeps the Upgrade that names what to switch to',
    run: async (context) => {
      context.answer((_seen, reply) => {
        const fields = ['Connection: Upgrade', 'Upgrade: websocket']
        reply.send(ok('upgrade required', fields).replace('200 OK', '426 Upgrade Required'))
      })
      const { response } = await exchange(context, get(context.token))
      demand(response.status === 426, `answers ${response.status}`)
      demand(valuesOf(response.fields, 'upgrade').join() === 'websocket', 'drops Upgrade')
      const options = valuesOf(response.fields, 'connection').join().toLowerCase()
      demand(options.includes('upgrade'), 'drops Connection: Upgrade')
      return passed
    },
  },
]
