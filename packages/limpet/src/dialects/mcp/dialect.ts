import type { ServiceConfig } from '../../config/schema.ts'
import type { RefusalCode } from '../../errors.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
import type { Dialect, DialectParts, Refused, SessionState, Translation } from '../dialect.ts'
import type { CallParts } from './call-parts.ts'
import { findSessionParameter, kindOf, SESSION_FIELD } from './era.ts'
import { ModernCall } from './modern-call.ts'
import { OpeningCall } from './opening-call.ts'
import { PlainCall } from './plain-call.ts'
import { principalOf } from './principal.ts'
import { createRefusalWriter } from './refusals.ts'
import { SessionCall } from './session-call.ts'
import { type IdFault, type IdKind, SessionIds } from './session-id.ts'
import { PostToStream, StreamCall } from './stream-call.ts'
import { WrittenMessage } from './written-message.ts'

const refuseSession = {
  unknown: 'LIMPET_SESSION_UNKNOWN',
  forged: 'LIMPET_SESSION_FORGED',
  foreign: 'LIMPET_SESSION_FOREIGN',
} as const satisfies Record<IdFault, RefusalCode>

/**
 * Sessions of the Model Context Protocol, in all its revisions on one endpoint. `rest` names what the protocol has
 * no session for: by the service's other sources, and the router's cookie where clients keep cookies.
 */
export function createMcpDialect(service: ServiceConfig, parts: DialectParts, rest: Dialect): Dialect {
  const config = service.mcp!
  const idsFor = (kind: IdKind) => new SessionIds(parts.keyring, service.name, kind)
  const calls: CallParts = {
    config,
    ttlMs: service.ttlMs,
    maxAgeMs: service.maxAgeMs,
    sessionIds: idsFor('session'),
    streamIds: idsFor('stream'),
    stateIds: idsFor('state'),
  }
  let state: SessionState = 'none'

  function refuse(why: IdFault): Refused {
    state = why
    const content = new WrittenMessage(config.contentBytes)
    const write = createRefusalWriter(content.idsOf)
    return { refusal: refuseSession[why], write, session: state, contentCheck: undefined, content }
  }

  function translate(request: KeyedRequest, nowMs: number): Translation | Refused {
    state = 'none'
    const principal = principalOf(request, config.bind)
    const kind = kindOf(request)
    switch (kind) {
      case 'session': {
        const id = request.header(SESSION_FIELD)!
        const opened = calls.sessionIds.open(id, principal)
        if (typeof opened === 'string') return refuse(opened)
        state = 'valid'
        return new SessionCall(calls, request, id, opened)
      }
      case 'post-to-stream': {
        const name = findSessionParameter(request.target)!
        const opened = calls.streamIds.open(name.value, principal)
        if (typeof opened === 'string') return refuse(opened)
        state = 'valid'
        return new PostToStream(calls, request, name, opened)
      }
      default: {
        const other = rest.name(request, nowMs)
        state = rest.state
        if (kind === 'modern') return new ModernCall(calls, request, other, principal)
        if (kind === 'post') return new OpeningCall(calls, other, principal)
        return kind === 'stream' ? new StreamCall(calls, other, principal) : new PlainCall(other)
      }
    }
  }

  return {
    get state() {
      return state
    },
    // A request that is for none of the services is no more MCP than anything else.
    translator: { translate, refuseStranger: () => undefined },
    name: () => undefined,
    tell: (session, home, nowMs, overTls) => rest.tell(session, home, nowMs, overTls),
    end: (session, overTls) => rest.end(session, overTls),
  }
}
