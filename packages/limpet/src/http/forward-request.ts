import { DEPENDS, DROP, fieldFates, KEEP } from './field-fate.ts'
import { FIELD } from './header-names.ts'
import type { RequestHead } from './request-head.ts'

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
 * line, so that each attempt can add to it. `dropHost`: each attempt adds a Host of its own.
 */
export function forwardRequestHead(head: RequestHead, hop: RequestHop, dropHost: boolean): string {
  const { fields } = head
  const { text } = fields
  const named = head.connection.named
  const newHost = dropHost ? '' : head.verbatim ? undefined : head.host
  let result = head.verbatim ? '' : `${head.method} ${head.target} HTTP/1.1\r\n`
  let runStart = head.verbatim ? 0 : head.firstFieldAt
  let forwardedFor = ''
  let forwardedProto = ''
  let forwardedHost = ''
  let forwarded = ''
  for (let field = 0; field < fields.count; field++) {
    const number = fields.number[field]!
    let drop = fate[number]!
    if (drop === KEEP) {
      if (number === FIELD.host && newHost !== undefined) drop = DROP
      else if (number === FIELD['max-forwards'] && head.maxForwards > 0) drop = DROP
      else if (named.length > 0 && named.includes(fields.name(field).toLowerCase())) drop = DROP
      else continue
    }
    result += text.slice(runStart, fields.lineStart[field])
    runStart = fields.lineEnd[field]!
    if (drop !== DEPENDS || !hop.trusted) continue
    if (number === FIELD['x-forwarded-for']) forwardedFor += `${fields.value(field)}, `
    else if (number === FIELD.forwarded) forwarded += `${fields.value(field)}, `
    else if (number === FIELD['x-forwarded-proto']) forwardedProto = fields.value(field)
    else if (number === FIELD['x-forwarded-host']) forwardedHost = fields.value(field)
  }
  result += text.slice(runStart, text.length - 2)
  // Empty for an HTTP/1.0 client that named no host: HTTP/1.1 requires the line all the same (RFC 9112 §3.2).
  if (newHost !== undefined && !dropHost) result += `Host: ${newHost}\r\n`
  if (head.maxForwards > 0) result += `Max-Forwards: ${head.maxForwards - 1}\r\n`
  const proto = forwardedProto === '' ? hop.proto : forwardedProto
  result += `X-Forwarded-For: ${forwardedFor}${hop.peerAddress}\r\nX-Forwarded-Proto: ${proto}\r\n`
  const clientHost = forwardedHost === '' ? head.host : forwardedHost
  if (clientHost !== '') result += `X-Forwarded-Host: ${clientHost}\r\n`
  if (hop.forwarded) result += `Forwarded: ${forwarded}${forwardedElement(head, hop)}\r\n`
  else if (forwarded !== '') result += `Forwarded: ${forwarded.slice(0, -2)}\r\n`
  result += `Via: 1.${head.minor} ${hop.via}\r\n`
  if (head.upgrade !== '') result += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
  return result
}

/** One element of Forwarded; addresses of IPv6 are bracketed and quoted (RFC 7239 §6). */
function forwardedElement(head: RequestHead, hop: RequestHop): string {
  const node = hop.peerAddress.includes(':') ? `"[${hop.peerAddress}]"` : hop.peerAddress
  const host = head.host === '' ? '' : `;host="${head.host}"`
  return `for=${node}${host};proto=${hop.proto}`
}

/** Whether this router's pseudonym stands in the Via fields already: the request is in a loop. */
export function isLoop(head: RequestHead, via: string): boolean {
  const { fields } = head
  for (let field = 0; field < fields.count; field++) {
    if (fields.number[field] !== FIELD.via) continue
    for (const hop of fields.value(field).split(',')) {
      if (hop.trim().split(/[ \t]+/)[1] === via) return true
    }
  }
  return false
}
