import type { KeyedRequest } from '../session/session-key.ts'

/**
 * Whether a request loads a page. Browsers say so in Sec-Fetch-Mode (Fetch Metadata §2.3), though not to plain HTTP
 * at a name other than localhost; without that field, a GET whose Accept names HTML is taken for one.
 */
export function isNavigation(request: KeyedRequest): boolean {
  const mode = request.header('sec-fetch-mode')
  if (mode !== undefined) return mode === 'navigate'
  return request.method === 'GET' && /(?:^|[\s,])text\/html(?:$|[\s,;])/i.test(request.header('accept') ?? '')
}
