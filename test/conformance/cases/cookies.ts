import { type CaseContext, type ConformanceCase, demand, NotApplicable, passed, pause } from '../case.ts'
import { demandOk, exchange } from '../exchange.ts'
import { giveaways } from '../giveaways.ts'
import { type ReceivedResponse, valuesOf } from '../parse-response.ts'
import { ok } from '../recording-replica.ts'

interface StickyCookie {
  readonly name: string
  readonly value: string
  /** The replica that set it, as its place among the ports. */
  readonly replica: number
  readonly line: string
  readonly response: ReceivedResponse
}

const withCookies = (context: CaseContext, cookies: readonly string[], path = '', host = 'a') =>
  `GET /${context.token}${path} HTTP/1.1\r\nHost: ${host}\r\n${cookies.map((line) => `Cookie: ${line}\r\n`).join('')}\r\n`

/** Where a request with these Cookie lines goes, and the sticky cookie that its answer sets. */
async function visit(context: CaseContext, cookies: readonly string[], host = 'a') {
  const path = `/${context.replica.seen(context.token).length}`
  const { response } = await exchange(context, withCookies(context, cookies, path, host))
  const seen = context.replica.seen(context.token).find(({ request }) => request.target.endsWith(path))
  const [line] = valuesOf(response.fields, 'set-cookie')
  return { response, replica: seen?.connection.replica ?? -1, line }
}

/** A cookie as the proxy sets it on a first visit; without one the case does not apply. */
async function firstCookie(context: CaseContext, host = 'a'): Promise<StickyCookie> {
  const { response, replica, line } = await visit(context, [], host)
  if (line === undefined) throw new NotApplicable('sets no sticky cookie')
  const match = /^([^=;]+)=([^;]*)/.exec(line)
  demand(match !== null, `sets ${line}`)
  return { name: match[1] ?? '', value: match[2] ?? '', replica, line, response }
}

/** Cookies for two different replicas. */
async function twoCookies(context: CaseContext): Promise<readonly [StickyCookie, StickyCookie]> {
  if (context.replica.ports.length < 2) throw new NotApplicable('needs two replicas behind the proxy')
  const first = await firstCookie(context)
  for (let attempt = 0; attempt < 40; attempt++) {
    const other = await firstCookie(context)
    if (other.replica !== first.replica) return [first, other]
  }
  throw new NotApplicable('sends every new session to one replica')
}

const flipAt = (text: string, index: number) =>
  text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)

type Spoil = (value: string) => string
const spoiled: readonly (readonly [id: string, title: string, spoil: Spoil])[] = [
  ['64a', 'garbage', () => 'garbage'],
  ['64b', 'its first character changed', (value) => flipAt(value, 0)],
  ['64c', 'its last character changed', (value) => flipAt(value, value.length - 1)],
  ['64f', 'an empty value', () => ''],
  ['64g', 'half of it', (value) => value.slice(0, Math.floor(value.length / 2))],
  ['64h', 'an unknown value of the same form', (value) => value.replace(/[0-9A-Za-z]/g, 'q')],
  ['64i', 'every byte over 0x80', (value) => value.replace(/./g, '\xe9')],
  ['64j', 'an encoded line end', () => 'a%0d%0aX-Evil:%201'],
]

/** Rows 46 and 64 to 66: the proxy's own sticky cookie. */
export const cookieCases: readonly ConformanceCase[] = [
  {
    id: '46b',
    row: 46,
    rfc: 'RFC 6265 §3',
    title: "three Set-Cookie lines of the replica and the proxy's own are four lines, in order",
    run: async (context) => {
      const own = await firstCookie(context)
      context.answer((_seen, reply) =>
        reply.send(ok('ok', ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'Set-Cookie: c=3'])),
      )
      const { response } = await visit(context, [])
      const names = valuesOf(response.fields, 'set-cookie').map((value) => value.slice(0, value.indexOf('=')))
      demand(names.length === 4 && names.includes(own.name), `sets ${names.join()}`)
      demand(names.filter((name) => name !== own.name).join() === 'a,b,c', `sets ${names.join()}`)
      return passed
    },
  },
  ...spoiled.map(
    ([id, title, spoil]): ConformanceCase => ({
      id,
      row: 64,
      stricterThanRfc: true,
      rfc: 'RFC 6265 §8.6',
      title: `a sticky cookie with ${title} counts as absent: a new one is set`,
      run: async (context) => {
        const { name, value } = await firstCookie(context)
        const { response, line } = await visit(context, [`${name}=${spoil(value)}`])
        demandOk(response)
        demand(line?.startsWith(`${name}=`) === true, 'sets no new one')
        return passed
      },
    }),
  ),
  {
    id: '64d',
    row: 64,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §8.6',
    title: 'an expired sticky cookie counts as absent: a new one is set',
    slow: true,
    needs: ['cookieTtlMs'],
    run: async (context) => {
      const { name, value } = await firstCookie(context)
      await pause((context.settings.cookieTtlMs ?? 0) + 1100)
      const { response, line } = await visit(context, [`${name}=${value}`])
      demandOk(response)
      demand(line?.startsWith(`${name}=`) === true, 'sets no new one')
      return passed
    },
  },
  {
    id: '64e',
    row: 64,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §8.6',
    title: 'a sticky cookie of another service counts as absent: a new one is set',
    needs: ['otherServiceHost'],
    run: async (context) => {
      const { name } = await firstCookie(context)
      const foreign = await firstCookie(context, context.settings.otherServiceHost)
      const { response, line } = await visit(context, [`${name}=${foreign.value}`])
      demandOk(response)
      demand(line?.startsWith(`${name}=`) === true, 'sets no new one')
      return passed
    },
  },
  {
    id: '65a',
    row: 65,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §5.4',
    title: 'of two valid sticky cookies the first counts',
    run: async (context) => {
      const [one, two] = await twoCookies(context)
      for (const [first, second] of [
        [one, two],
        [two, one],
      ] as const) {
        const cookies = `${first.name}=${first.value}; ${second.name}=${second.value}`
        const { response, replica } = await visit(context, [cookies])
        demandOk(response)
        demand(replica === first.replica, 'the second counts')
      }
      return passed
    },
  },
  {
    id: '65b',
    row: 65,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §5.4',
    title: 'behind a sticky cookie that is not valid, the first valid one counts',
    run: async (context) => {
      for (const { name, value, replica: home } of await twoCookies(context)) {
        const { response, replica, line } = await visit(context, [`${name}=garbage; ${name}=${value}`])
        demandOk(response)
        demand(replica === home, 'goes to another replica')
        demand(line === undefined, 'sets a new one')
      }
      return passed
    },
  },
  {
    id: '65c',
    row: 65,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §6.1',
    title: 'a sticky cookie of 4 KB counts as absent',
    run: async (context) => {
      const { name } = await firstCookie(context)
      const { response, line } = await visit(context, [`${name}=${'A'.repeat(4096)}`])
      demandOk(response)
      demand(line?.startsWith(`${name}=`) === true, 'sets no new one')
      return passed
    },
  },
  {
    id: '65d',
    row: 65,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §6.1',
    title: 'a thousand sticky cookies are no error and take no time',
    run: async (context) => {
      const { name } = await firstCookie(context)
      const startedAtMs = performance.now()
      const { response } = await visit(context, [Array(800).fill(`${name}=A`).join('; ').slice(0, 8000)])
      demandOk(response)
      const tookMs = Math.round(performance.now() - startedAtMs)
      demand(tookMs < 500, `takes ${tookMs} ms`)
      return passed
    },
  },
  {
    id: '65e',
    row: 65,
    stricterThanRfc: true,
    rfc: 'RFC 9113 §8.2.3',
    title: 'a sticky cookie among others, and on a second Cookie line, counts',
    run: async (context) => {
      for (const { name, value, replica: home } of await twoCookies(context)) {
        for (const lines of [[`x${name}=1; ${name}=${value}; z="a; b"`], ['y=1', `${name}=${value}`]]) {
          const { response, replica } = await visit(context, lines)
          demandOk(response)
          demand(replica === home, `goes to another replica with ${lines.length} lines`)
        }
      }
      return passed
    },
  },
  {
    id: '66a',
    row: 66,
    stricterThanRfc: true,
    rfc: 'CWE-200',
    title: 'the sticky cookie holds no address, and no unkeyed hash of one',
    run: async (context) => {
      for (const { value } of await twoCookies(context)) {
        const decoded = [value, decodeURIComponent(value), Buffer.from(value, 'base64').toString('latin1')]
        const found = giveaways(context.replica.ports).find((text) =>
          decoded.some((each) => each.toLowerCase().includes(text.toLowerCase())),
        )
        demand(found === undefined, `holds ${found}`)
      }
      return passed
    },
  },
  ...(
    [
      ['66b', 'HttpOnly', /;\s*HttpOnly\b/i],
      ['66c', 'SameSite=Lax or Strict', /;\s*SameSite=(Lax|Strict)\b/i],
      ['66d', 'Path=/', /;\s*Path=\/(;|$)/i],
      ['66e', 'no Domain', /^(?!.*;\s*Domain=)/i],
    ] as const
  ).map(
    ([id, title, pattern]): ConformanceCase => ({
      id,
      row: 66,
      stricterThanRfc: true,
      rfc: 'RFC 6265 §8.3, RFC 6265bis §4.1.2.7',
      title: `the sticky cookie has ${title}`,
      run: async (context) => {
        const { line } = await firstCookie(context)
        demand(pattern.test(line), `sets ${line.replace(/=[^;]*/, '=…')}`)
        return passed
      },
    }),
  ),
  {
    id: '66f',
    row: 66,
    stricterThanRfc: true,
    rfc: 'RFC 6265 §4.1',
    title: 'the sticky cookie is set only when it changes',
    run: async (context) => {
      const { name, value, replica: home } = await firstCookie(context)
      for (let attempt = 0; attempt < 3; attempt++) {
        const { replica, line } = await visit(context, [`${name}=${value}`])
        demand(line === undefined, 'sets it again')
        demand(replica === home, 'goes to another replica')
      }
      return passed
    },
  },
  {
    id: '66g',
    row: 66,
    stricterThanRfc: true,
    rfc: 'RFC 9111 §7.3',
    title: 'an answer that sets the sticky cookie may not be stored in a shared cache',
    run: async (context) => {
      await firstCookie(context)
      context.answer((_seen, reply) => reply.send(ok('ok', ['Cache-Control: public, max-age=60'])))
      const { response } = await visit(context, [])
      const control = valuesOf(response.fields, 'cache-control').join().toLowerCase()
      demand(/no-store|private|no-cache/.test(control), `says Cache-Control: ${control}`)
      return passed
    },
  },
]
