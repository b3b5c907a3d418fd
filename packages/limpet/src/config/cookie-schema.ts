import { z } from 'zod'
import { isHostName } from './address.ts'
import { durationField, maxLifeMs } from './duration.ts'
import { inMs, type ReportFaultAt, rule, section } from './field.ts'
import { tokenPattern } from './session-source.ts'

/** The cookie that the router itself sets, when `cookie` is one of a service's session sources. */
export const cookieSchema = section({
  name: z
    .string()
    .max(128)
    .regex(tokenPattern, 'must be a cookie name: letters, digits and - _ . and the like')
    .prefault('limpet')
    .describe("The cookie's name. `__Host-` and `__Secure-` are honoured as RFC 6265bis defines them."),
  begins: z
    .enum(['always', 'navigation'])
    .prefault('always')
    .describe(
      'Who is given the cookie: whoever names no session (`always`), or only a browser that loads a page (`navigation`), so that other requests without it, such as API calls, probes and assets, are balanced and begin no session.',
    ),
  pair: z
    .boolean()
    .prefault(false)
    .describe(
      "Also send a cookie named with `SameSite` appended, with SameSite=None and Secure, for clients inside other sites' frames.",
    ),
  idle: durationField({ maxMs: maxLifeMs })
    .prefault('20m')
    .describe('How long the cookie names its session without a request.'),
  absolute: durationField({ maxMs: maxLifeMs })
    .prefault('24h')
    .describe('How long it does so at most, however busy the session is.'),
  sameSite: z
    .enum(['lax', 'strict', 'none'])
    .prefault('lax')
    .describe('The SameSite attribute; `none` needs `secure: always`.'),
  secure: z
    .enum(['auto', 'always', 'never'])
    .prefault('auto')
    .describe(
      'The Secure attribute; `auto` sends it when the client came over TLS, here or at a trusted proxy.',
    ),
  domain: z
    .string()
    .refine(isHostName, 'must be a domain such as example.com')
    .optional()
    .describe('The Domain attribute. By default none: the cookie is for the one host that set it.'),
  path: z
    .string()
    .regex(/^\/[^;\s]*$/, 'must start with / and hold no ; or space')
    .prefault('/')
    .describe('The Path attribute.'),
  persist: z
    .boolean()
    .prefault(false)
    .describe('Send Max-Age, so that the cookie outlives the browser; otherwise it ends with it.'),
})
  .check(rule(checkCookie))
  .transform(({ domain, ...cookie }) => ({ ...inMs(cookie, ['idle', 'absolute']), domain }))

export type CookieConfig = z.output<typeof cookieSchema>

/** What is written about a cookie, so far as its parts bear on one another. */
interface CookieParts {
  readonly name: string
  readonly pair: boolean
  readonly idle: number
  readonly absolute: number
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly secure: 'auto' | 'always' | 'never'
  readonly domain?: string | undefined
  readonly path: string
}

/** RFC 6265bis, section 4.1.2.7 (SameSite) and 4.1.3 (name prefixes), besides what the lives must be. */
function checkCookie(cookie: CookieParts, fault: ReportFaultAt): void {
  if (cookie.idle > cookie.absolute) fault(['idle'], 'must not be longer than absolute')
  if (cookie.sameSite === 'none' && cookie.secure !== 'always') {
    fault(['sameSite'], 'is none, which browsers accept only with secure: always')
  }
  if (cookie.pair && cookie.secure === 'never') {
    fault(['pair'], 'sends a cookie that browsers accept only as Secure: remove secure: never')
  }
  const prefix = /^__(?:host|secure)-/i.exec(cookie.name)?.[0]
  if (prefix === undefined) return
  if (cookie.secure !== 'always') fault(['name'], `begins with ${prefix}, which needs secure: always`)
  if (prefix.toLowerCase() !== '__host-') return
  if (cookie.domain !== undefined) fault(['domain'], `must be absent when the name begins with ${prefix}`)
  if (cookie.path !== '/') fault(['path'], `must be / when the name begins with ${prefix}`)
}
