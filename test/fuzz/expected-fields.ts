import type { RelayedMessage } from './message.ts'

type Pair = readonly [name: string, value: string]

/** Fields of one hop (RFC 9110 §7.6.1), and those that only the router itself may set. */
const hop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
  'limpet-decision',
  'limpet-epoch',
])
const forwarding = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'])
/** Known to the router with hyphens: with an underscore in the place of one it is a look-alike, which is dropped. */
const hyphenated = new Set([
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'cache-control',
  'content-type',
  'limpet-decision',
  'limpet-epoch',
  'http2-settings',
  'set-cookie',
  'max-forwards',
])

const isLookAlike = (lower: string) => lower.includes('_') && hyphenated.has(lower.replaceAll('_', '-'))

function isDropped(name: string, message: RelayedMessage): boolean {
  const lower = name.toLowerCase()
  return hop.has(lower) || isLookAlike(lower) || message.fieldsNamedInConnection.includes(lower)
}

/** The fields of the request that a replica is to get, by the rules and not by the code that applies them. */
export function expectedRequestFields(message: RelayedMessage): Pair[] {
  // The request line is written anew for these, and the Host with it.
  const rewritten = message.minor === 0 || !message.start.endsWith(` ${message.target}`)
  // OPTIONS counts its hops (RFC 9110 §7.6.2).
  const maxForwards = message.fields.findLast(([name]) => name.toLowerCase() === 'max-forwards')?.[1]
  const counts = message.start.startsWith('OPTIONS ') && Number(maxForwards ?? 0) > 0
  const kept = message.fields.filter(([name]) => {
    const lower = name.toLowerCase()
    if ((rewritten && lower === 'host') || (counts && lower === 'max-forwards')) return false
    return !isDropped(name, message) && !forwarding.has(lower)
  })
  const upgrade = message.fields.findLast(([name]) => name.toLowerCase() === 'upgrade')?.[1] ?? ''
  return [
    ...kept,
    ...(rewritten ? ([['Host', message.host]] as const) : []),
    ...(counts ? ([['Max-Forwards', String(Number(maxForwards) - 1)]] as const) : []),
    ['X-Forwarded-For', '192.0.2.1'],
    ['X-Forwarded-Proto', 'http'],
    ...(message.host === '' ? [] : ([['X-Forwarded-Host', message.host]] as const)),
    ['Via', `1.${message.minor} fuzzed`],
    ...(message.upgrade
      ? ([
          ['Connection', 'Upgrade'],
          ['Upgrade', upgrade],
        ] as const)
      : []),
  ]
}

/** The fields of the response that a client is to get. */
export function expectedResponseFields(message: RelayedMessage, method: string): Pair[] {
  const status = Number(message.start)
  const noContent = method === 'HEAD' || status < 200 || status === 204 || status === 304
  let lengths = 0
  const kept = message.fields.filter(([name]) => {
    const lower = name.toLowerCase()
    if (lower === 'transfer-encoding' && noContent) return false
    if (lower === 'content-length' && (status < 200 || status === 204 || lengths++ > 0)) return false
    return !isDropped(name, message)
  })
  const framed = kept.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  return noContent || framed ? kept : [...kept, ['Connection', 'close']]
}

/** What must not act from a trailer section (RFC 9110 §6.5.1). */
export function isForbiddenTrailer(name: string): boolean {
  const lower = name.toLowerCase().replaceAll('_', '-')
  return (
    hop.has(lower) ||
    forwarding.has(lower) ||
    /^(?:host|content-.*|transfer-encoding|authorization|cookie|set-cookie|expect|via|trailer|cache-control)$/.test(
      lower,
    )
  )
}
