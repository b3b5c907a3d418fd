import type { IncomingMessage } from 'node:http'

/**
 * Whether a request may come from a page of this site, or from no page at all. Browsers say where it comes from in
 * Sec-Fetch-Site (Fetch Metadata §2.4), at least to localhost, and in Origin with every WebSocket (RFC 6455 §10.2)
 * and every POST; other programs send neither.
 */
export function isOfThisSite({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const { origin, host } = headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}

/** Whether a request's content is said to be JSON, which other sites' pages can't say without being asked first. */
export function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')
}
