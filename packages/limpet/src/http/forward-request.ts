import { DEPENDS, DROP, fieldFates, KEEP } from './field-fate.ts'
import { FIELD } from './header-names.ts'
import type { RequestHead } from './request-head.ts'
import type { RequestChanges } from './route.ts'

/** For requests that only get what every hop adds. */
export const UNCHANGED: RequestChanges = {
  replacesHost: false,
  replacedFields: [],
  targetForReplica: undefined,
}

/** What one hop adds to the requests it forwards. */
export interface RequestHop {
  /** Whether the peer's own forwarding fields are believed and added to (`trustedProxies`). */
  readonly trusted: boolean
  /** The peer's address, as X-Forwarded-For gives it. */
  readonly peerAddress: string
  readonly proto: 'http' | 'https'
  /** This router's pseudonym in Via (RFC 9110 §7.6.3). */
  readonly via: string
  /** Whether to send Forwarded too (RFC 7239). */
  readonly forwarded: boolean
}

/** The forwarding fields of a client's requests, which nearly always differ in nothing but a new Host. */
export class HopLines {
  readonly hop: RequestHop
  #host = ''
  #lines = ''

  constructor(hop: RequestHop) {
    this.hop = hop
  }

  /** The lines for an HTTP/1.1 request to `host` (not empty) that brings no forwarding fields to be believed. */
  for(host: string): string {
    if (host !== this.#host) {
      this.#host = host
      const lines = forwardingLines(this.hop, NONE_BROUGHT, host, 1)
      // Flat: a string of pieces would be put together anew in each request.
      this.#lines = Buffer.from(lines, 'latin1').toString('latin1')
    }
    return this.#lines
  }
}

/** Forwarding fields of the client's own that are believed. */
interface Brought {
  readonly for: string
  readonly proto: string
  readonly host: string
  readonly forwarded: string
}

const NONE_BROUGHT: Brought = { for: '', proto: '', host: '', forwarded: '' }

function forwardingLines(hop: RequestHop, brought: Brought, host: string, minor: number): string {
  const proto = brought.proto === '' ? hop.proto : brought.proto
  let lines = `X-Forwarded-For: ${brought.for}${hop.peerAddress}\r\nX-Forwarded-Proto: ${proto}\r\n`
  const clientHost = brought.host === '' ? host : brought.host
  if (clientHost !== '') lines += `X-Forwarded-Host: ${clientHost}\r\n`
  if (hop.forwarded) lines += `Forwarded: ${brought.forwarded}${forwardedElement(host, hop)}\r\n`
  else if (brought.forwarded !== '') lines += `Forwarded: ${brought.forwarded.slice(0, -2)}\r\n`
  return `${lines}Via: 1.${minor} ${hop.via}\r\n`
}

/** Forwarding fields: dropped when the peer is not trusted, else taken into what this hop adds. */
const fate = fieldFates([
  FIELD['x-forwarded-for'],
  FIELD['x-forwarded-proto'],
  FIELD['x-forwarded-host'],
  FIELD.forwarded,
])

/**
 * The head to send to a replica: the client's own lines in their order and spelling without those of its hop
 * (RFC 9110 §7.6.1), then the forwarding fields. Ends after the last CRLF of a field line, without the empty
 * line, so that each attempt can add to it.
 */
export function forwardRequestHead(head: RequestHead, hopLines: HopLines, changes: RequestChanges): string {
  const { fields } = head
  const { hop } = hopLines
  const { text } = fields
  const { replacesHost, replacedFields, targetForReplica } = changes
  const { named } = head.connection
  const unwanted = replacedFields.length === 0 ? named : [...named, ...replacedFields]
  const verbatim = head.verbatim && targetForReplica === undefined
  const newHost = replacesHost ? '' : verbatim ? undefined : head.host
  let result = verbatim ? '' : `${head.method} ${targetForReplica ?? head.target} HTTP/1.1\r\n`
  let runStart = verbatim ? 0 : head.firstFieldAt
  let brought = NONE_BROUGHT
  for (let field = 0; field < fields.count; field++) {
    const number = fields.number[field]!
    let drop = fate[number]!
    if (drop === KEEP) {
      if (number === FIELD.host && newHost !== undefined) drop = DROP
      else if (number === FIELD['max-forwards'] && head.maxForwards > 0) drop = DROP
      else if (unwanted.length > 0 && unwanted.includes(fields.name(field).toLowerCase())) drop = DROP
      else continue
    }
    result += text.slice(runStart, fields.lineStart[field])
    runStart = fields.lineStart[field + 1]!
    if (drop === DEPENDS && hop.trusted) brought = withField(brought, number, fields.value(field))
  }
  result += text.slice(runStart, text.length - 2)
  // Empty for an HTTP/1.0 client that named no host: HTTP/1.1 requires the line all the same (RFC 9112 §3.2).
  if (newHost !== undefined && !replacesHost) result += `Host: ${newHost}\r\n`
  if (head.maxForwards > 0) result += `Max-Forwards: ${head.maxForwards - 1}\r\n`
  if (brought === NONE_BROUGHT && head.minor === 1) result += hopLines.for(head.host)
  else result += forwardingLines(hop, brought, head.host, head.minor)
  if (head.upgrade !== '') result += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
  return result
}

function withField(brought: Brought, number: number, value: string): Brought {
  switch (number) {
    case FIELD['x-forwarded-for']:
      return { ...brought, for: `${brought.for}${value}, ` }
    case FIELD.forwarded:
      return { ...brought, forwarded: `${brought.forwarded}${value}, ` }
    case FIELD['x-forwarded-proto']:
      return { ...brought, proto: value }
    default:
      return { ...brought, host: value }
  }
}

/** One element of Forwarded; addresses of IPv6 are bracketed and quoted (RFC 7239 §6). */
function forwardedElement(host: string, hop: RequestHop): string {
  const node = hop.peerAddress.includes(':') ? `"[${hop.peerAddress}]"` : hop.peerAddress
  const hostPart = host === '' ? '' : `;host="${host}"`
  return `for=${node}${hostPart};proto=${hop.proto}`
}

/** Whether this router's pseudonym stands in the Via fields already: the request is in a loop. */
export function isLoop(head: RequestHead, via: string): boolean {
  if (!head.hasVia) return false
  const { fields } = head
  for (let field = 0; field < fields.count; field++) {
    if (fields.number[field] !== FIELD.via) continue
    for (const hop of fields.value(field).split(',')) {
      if (hop.trim().split(/[ \t]+/)[1] === via) return true
    }
  }
  return false
}
