/** What the tests of this dialect share. */
import { Content } from '../../http/content.ts'
import { headOf, parseResponse } from '../../http/heads.fixture.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import { replicaTag } from '../../session/routing-claim.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
import { sampleParts, sampleService } from '../dialect.fixture.ts'
import type { NamedSession, TranslatedAnswer } from '../dialect.ts'
import type { CallParts } from './call-parts.ts'
import { type IdKind, SessionIds } from './session-id.ts'

const { keyring } = sampleParts

/** The replica that answers in these tests. */
export const tag = replicaTag(keyring, 1, 'app', 'a')

/** What the calls of a service work with; `mcp` as in its config. */
export function sampleCalls(mcp: object = {}): CallParts {
  const { mcp: config, ttlMs, maxAgeMs } = sampleService({ dialect: 'mcp', mcp })
  const idsFor = (kind: IdKind) => new SessionIds(keyring, 'app', kind)
  return {
    config: config!,
    ttlMs,
    maxAgeMs,
    sessionIds: idsFor('session'),
    streamIds: idsFor('stream'),
    stateIds: idsFor('state'),
  }
}

/** A request as a client's head tells it; names of fields in lower case. */
export function requestOf(
  method: string,
  headers: Readonly<Record<string, string>> = {},
  target = '/mcp',
): KeyedRequest {
  return { method, target, header: (name) => headers[name], peerAddress: '10.0.0.1' }
}

/** A replica's answer, by its field lines. */
export function responseOf(status: number, ...lines: readonly string[]): ResponseHead {
  return parseResponse(headOf(`HTTP/1.1 ${status} X`, ...lines))!
}

/** A replica at home in `tag`, and what it taught. */
export function sampleHome() {
  const learned: NamedSession[] = []
  return { replicaTag: tag, learned, learn: (session: NamedSession) => void learned.push(session) }
}

/** A JSON-RPC message as its sender writes it. */
export function jsonRpc(message: object): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
}

/** A JSON Web Token of these claims, whose signature nobody has looked at. */
export function bearer(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `Bearer ${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`
}

/** The value of a field among lines for the client. */
export function told({ lines }: TranslatedAnswer, name: string): string | undefined {
  return new RegExp(`^${name}: ([^\\r]*)\\r$`, 'im').exec(lines)?.[1]
}

/** One read of these pieces (Latin-1). */
export function contentOf(...pieces: readonly string[]): Content {
  const content = new Content()
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    content.add(bytes, 0, bytes.length)
  }
  return content
}

/** The next number of a seeded generator (mulberry32), below `limit`. */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * limit)
  }
}
