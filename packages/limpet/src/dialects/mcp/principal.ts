import type { McpConfig } from '../../config/schema.ts'
import type { KeyedRequest } from '../../session/session-key.ts'

/** The longest part of a token that is looked into, in characters. */
const MOST_TOKEN_LENGTH = 16_384

/**
 * Who makes a request, as text that stays the same from request to request: what a session is bound to. Undefined:
 * anyone. Nothing is verified here, the replica does that: whoever forges a subject is refused there.
 */
export function principalOf(request: KeyedRequest, bind: McpConfig['bind']): string | undefined {
  if (bind === 'off') return undefined
  const credential = request.header('authorization')
  if (credential === undefined || credential === '') return undefined
  if (bind === 'credential') return JSON.stringify(['credential', credential])
  // An opaque token is refreshed and says not whose it is: all that can be asked for is that there be one.
  return subjectOf(credential) ?? JSON.stringify(['opaque'])
}

/** The issuer and subject of a JSON Web Token (RFC 7519 §4.1), or its client where it has no subject. */
function subjectOf(credential: string): string | undefined {
  if (credential.length > MOST_TOKEN_LENGTH) return undefined
  const [, payload] = /^(?:bearer|dpop) +[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(credential) ?? []
  if (payload === undefined) return undefined
  try {
    const { iss, sub, client_id: client } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    // Some issuers number their subjects. A client may be called as a subject is (RFC 9068 §5).
    if (typeof sub === 'string' || typeof sub === 'number')
      return JSON.stringify(['subject', iss ?? null, sub])
    return typeof client === 'string' ? JSON.stringify(['client', iss ?? null, client]) : undefined
  } catch {
    return undefined
  }
}
