import { type ConformanceCase, demand, passed } from '../case.ts'
import { demandOk, exchange, forwards, get, onlyRequest, post, postChunked } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import type { SeenRequest } from '../recording-replica.ts'

const rfc = 'RFC 9110 §7.6.1'

function demandStripped({ request }: SeenRequest, name: string): void {
  demand(valuesOf(request.fields, name).length === 0, `forwards ${name}`)
  const options = valuesOf(request.fields, 'connection').join().toLowerCase()
  demand(!options.split(/[ ,]+/).includes(name.toLowerCase()), `forwards Connection: ${options}`)
}

const nominated: readonly (readonly [id: string, fields: readonly string[], title: string])[] = [
  ['41a', ['Connection: X-Secret', 'X-Secret: 1'], 'one line'],
  ['41b', ['Connection: keep-alive, x-SECRET', 'X-Secret: 1'], 'beside keep-alive, in other case'],
  ['41c', ['Connection: keep-alive', 'Connection: X-Secret', 'X-Secret: 1'], 'on a second Connection line'],
  [
    '41d',
    ['X-Secret: 1', 'X-Secret: 2', 'Connection: ,, X-Secret ,'],
    'with empty elements, after the field',
  ],
]

const hopByHop: readonly (readonly [id: string, name: string, fields: readonly string[]])[] = [
  ['43a', 'Keep-Alive', ['Keep-Alive: timeout=5']],
  ['43b', 'TE', ['TE: gzip', 'Connection: TE']],
  ['43c', 'Proxy-Connection', ['Proxy-Connection: keep-alive']],
  ['43d', 'Upgrade', ['Upgrade: foo/1']],
  ['43e', 'TE', ['TE: gzip;q=0.5']],
  ['43f', 'Keep-Alive', ['Keep-Alive: timeout=5', 'Connection: keep-alive, Keep-Alive']],
]

const forged: readonly (readonly [id: string, line: string, name: string, source?: string])[] = [
  ['44a', 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For'],
  ['44b', 'Forwarded: for=6.6.6.6;proto=forged', 'Forwarded'],
  ['44c', 'X-Forwarded-Proto: forged', 'X-Forwarded-Proto'],
  ['44d', 'X-Forwarded-Host: forged', 'X-Forwarded-Host', 'http-request-smuggler, HeaderSmugglingScan'],
  ['44e', 'X_Forwarded_For: 6.6.6.6', 'X_Forwarded_For', 'http-request-smuggler, HeaderSmugglingScan'],
  ['44f', 'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 6.6.6.6', 'X-Forwarded-For'],
]

const viaOf = (seen: SeenRequest) => valuesOf(seen.request.fields, 'via').join(', ')

/** Rows 41 to 45 and 59: fields for one connection only, and fields that proxies add. */
export const hopByHopCases: readonly ConformanceCase[] = [
  ...nominated.map(([id, fields, title]) =>
    forwards({
      id,
      row: 41,
      rfc,
      title: `a field that Connection names is stripped: ${title}`,
      bytes: (token) => get(token, fields),
      check: (seen) => demandStripped(seen, 'X-Secret'),
    }),
  ),
  {
    id: '42a',
    row: 42,
    rfc,
    title: 'Connection: X-Forwarded-For, Cookie, Host removes none of them, or 400',
    run: async (context) => {
      await exchange(context, get(context.token))
      const plain = onlyRequest(context)
      const { response } = await exchange(
        context,
        get(context.token, ['Connection: X-Forwarded-For, Cookie, Host', 'Cookie: z=1'], '/2'),
      )
      if (response.status === 400) return passed
      demandOk(response)
      const second = context.replica.seen(context.token)[1]
      demand(second !== undefined, 'answers 200, yet the replica sees nothing')
      const fields = second.request.fields
      demand(valuesOf(fields, 'host').join() === 'a', 'loses Host')
      demand(valuesOf(fields, 'cookie').join() === 'z=1', 'loses Cookie')
      const had = valuesOf(plain.request.fields, 'x-forwarded-for')
      demand(valuesOf(fields, 'x-forwarded-for').join() === had.join(), 'loses X-Forwarded-For')
      return passed
    },
  },
  forwards({
    id: '42b',
    row: 42,
    rfc,
    title: 'Connection: Content-Length leaves the body framed',
    source: 'http-request-smuggler, connection',
    bytes: (token) => post(token, ['Connection: Content-Length', 'Content-Length: 3'], 'abc'),
    orRefuses: [400],
    check: ({ request }) => demand(request.body === 'abc', 'the body is not forwarded whole'),
  }),
  forwards({
    id: '42c',
    row: 42,
    rfc,
    title: 'Connection: Transfer-Encoding leaves the body framed',
    source: 'http-request-smuggler, connection',
    bytes: (token) => postChunked(token, '3\r\nabc\r\n0\r\n\r\n', ['Connection: Transfer-Encoding']),
    orRefuses: [400],
    check: ({ request }) => demand(request.body === 'abc', 'the body is not forwarded whole'),
  }),
  ...hopByHop.map(([id, name, fields]) =>
    forwards({
      id,
      row: 43,
      rfc,
      title: `stripped: ${fields.join(', with ')}`,
      bytes: (token) => get(token, fields),
      check: (seen) => {
        if (name !== 'TE') return demandStripped(seen, name)
        const codings = valuesOf(seen.request.fields, 'te').join()
        demand(!codings.includes('gzip'), `forwards TE: ${codings}`)
      },
    }),
  ),
  ...forged.map(([id, line, name, source]) =>
    forwards({
      id,
      row: 44,
      rfc: 'RFC 7239 §8.1',
      stricterThanRfc: true,
      title: `a client's ${name} is replaced or dropped${id === '44f' ? ', on two lines too' : ''}`,
      ...(source === undefined ? {} : { source }),
      bytes: (token) => get(token, [line]),
      orRefuses: [400],
      check: ({ request }) => {
        const sent = request.fields.filter(([each]) => each.toLowerCase() === name.toLowerCase())
        demand(
          !/6\.6\.6\.6|forged/.test(sent.join()),
          `forwards ${sent.map((pair) => pair.join(': ')).join()}`,
        )
      },
    }),
  ),
  forwards({
    id: '45a',
    row: 45,
    rfc: 'RFC 9110 §7.6.3',
    title: 'Via is added to a request',
    bytes: (token) => get(token),
    check: (seen) => demand(/^1\.1 \S+/.test(viaOf(seen)), viaOf(seen) === '' ? 'adds no Via' : viaOf(seen)),
  }),
  {
    id: '45b',
    stricterThanRfc: true,
    row: 45,
    rfc: 'RFC 9110 §7.6.3',
    title: "the proxy's own name in Via gets 508",
    run: async (context) => {
      await exchange(context, get(context.token))
      const via = viaOf(onlyRequest(context))
      demand(via !== '', 'adds no Via to know itself by')
      const { response } = await exchange(context, get(context.token, [`Via: ${via}`]))
      demand(response.status === 508, `answers ${response.status}`)
      return passed
    },
  },
  forwards({
    id: '45c',
    row: 45,
    rfc: 'RFC 9110 §7.6.3',
    title: "another proxy's Via is kept, and comes first",
    bytes: (token) => get(token, ['Via: 1.0 fred, 1.1 p.example']),
    check: (seen) =>
      demand(/^1\.0 fred, ?1\.1 p\.example, ?1\.1 \S+/.test(viaOf(seen)), `forwards Via: ${viaOf(seen)}`),
  }),
  forwards({
    id: '45d',
    row: 45,
    rfc: 'RFC 9110 §7.6.3',
    title: 'Via says 1.0 for a request that came in HTTP/1.0',
    bytes: (token) => get(token).replace('HTTP/1.1', 'HTTP/1.0'),
    check: (seen) => demand(/^1\.0 \S+/.test(viaOf(seen)), viaOf(seen) === '' ? 'adds no Via' : viaOf(seen)),
  }),
  ...(
    [
      ['59a', 'X-Int', ['Connection: X-Int', 'X-Int: 1']],
      ['59b', 'Keep-Alive', ['Keep-Alive: timeout=77']],
      ['59c', 'Proxy-Connection', ['Proxy-Connection: keep-alive']],
      ['59d', 'Upgrade', ['Upgrade: h2c', 'Connection: Upgrade']],
    ] as const
  ).map(
    ([id, name, fields]): ConformanceCase => ({
      id,
      row: 59,
      rfc,
      title: `stripped from an answer: ${fields.join(', with ')}`,
      run: async (context) => {
        context.answer((_seen, reply) => {
          reply.send(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`)
        })
        const { response } = await exchange(context, get(context.token))
        demandOk(response)
        const values = valuesOf(response.fields, name)
        demand(!values.some((value) => fields.includes(`${name}: ${value}` as never)), `relays ${name}`)
        const options = valuesOf(response.fields, 'connection').join().toLowerCase()
        demand(
          !options.split(/[ ,]+/).includes(name.toLowerCase()) || name === 'Keep-Alive',
          `relays Connection: ${options}`,
        )
        return passed
      },
    }),
  ),
]
