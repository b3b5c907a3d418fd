import { randomUUID } from 'node:crypto'
import type { SagemakerConfig, ServiceConfig } from '../../config/schema.ts'
import type { RefusalCode } from '../../errors.ts'
import type { ContentCheck } from '../../http/route.ts'
import { createIdReader, scopeTag } from '../../session/id-suffix.ts'
import { RecentTexts } from '../../session/recent-texts.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
import type { Dialect, DialectParts, NamedSession, Refused, SessionState, Translation } from '../dialect.ts'
import { type HeldSession, Invocation } from './invocation.ts'
import { type Operation, parameterFault, parseOperation, validationFault } from './operation.ts'
import { createRefusalWriter, type Explained } from './refusals.ts'
import { isSessionId, NEW_SESSION, SESSION_FIELD } from './session-id.ts'
import { createSignatureCheck, type SignatureCheck } from './signature/signature-check.ts'

/** What AWS allows between a client's clock and its own. */
const MAX_SKEW_MS = 300_000
const STREAM_ACCEPT = 'x-amzn-sagemaker-accept'

/** What a client's signature says is for the router alone: a container must not get to see credentials. */
const SIGNATURE_FIELDS = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']

const sessionRefusals = {
  expired: 'LIMPET_SESSION_EXPIRED',
  unknown: 'LIMPET_SESSION_UNKNOWN',
  forged: 'LIMPET_SESSION_FORGED',
  foreign: 'LIMPET_SESSION_FOREIGN',
} as const satisfies Partial<Record<SessionState, RefusalCode>>

/**
 * Sessions of SageMaker's runtime API: the container makes a session and gives it an id, and the client gets that
 * id with the routing suffix. So every router with the same keys brings the session home without having seen it.
 * The wire contract is that of the API's published service model; `docs/sagemaker.md` says what is our choice.
 */
export function createSagemakerDialect(service: ServiceConfig, parts: DialectParts): Dialect {
  const { keyring } = parts
  const { endpoint, variant, signature } = service.sagemaker!
  const signatures = signature && signatureCheckOf(service.name, signature, parts)
  const openId = createIdReader(keyring)
  const scopes = new RecentTexts<string>()
  let state: SessionState = 'none'

  function scopeOf(keyId: number, name: string): string {
    const text = `${keyId} ${name}`
    const known = scopes.get(text)
    if (known !== undefined) return known
    const scope = scopeTag(keyring, keyId, service.name, name)
    scopes.keep(text, scope)
    return scope
  }

  function translate(request: KeyedRequest, nowMs: number): Translation | Refused {
    state = 'none'
    const lines = requestIdLine()
    const operation = parseOperation(request)
    const streams = operation?.streams ?? false
    let contentCheck: ContentCheck | undefined
    const refuse = (refusal: RefusalCode, message?: string): Refused => ({
      refusal,
      write: createRefusalWriter({ lines, streams, explanation: explained(refusal, message) }),
      session: state,
      contentCheck,
    })
    if (operation === undefined) return refuse('LIMPET_UNKNOWN_OPERATION')
    if (endpoint !== '*' && operation.endpoint !== endpoint) return refuseEndpoint(operation)
    // First of what tells about sessions: who may not ask learns nothing.
    const signed = signatures?.begin(request, nowMs)
    if (typeof signed === 'string') return refuse(signed)
    contentCheck = signed
    const fault = parameterFault(request, operation)
    if (fault !== undefined) return refuse('LIMPET_BAD_PARAMETER', fault)
    const wanted = request.header('x-amzn-sagemaker-target-variant')
    if (wanted !== undefined && wanted !== variant)
      return refuse('LIMPET_BAD_PARAMETER', `Variant ${wanted} not found for endpoint ${operation.endpoint}.`)

    const named = nameSession(request.header(SESSION_FIELD), operation, nowMs)
    if (named === 'bad') return refuse('LIMPET_BAD_SESSION_ID', badSessionId(streams))
    if (typeof named === 'string') return refuse(sessionRefusals[named], sessionMessage(named, operation))
    const held = named !== undefined && 'containerId' in named ? named : undefined
    const answerLines = `${lines}x-Amzn-Invoked-Production-Variant: ${variant}\r\n`
    return new Invocation({
      keyring,
      scope: scopeOf(keyring.keys[0].id, operation.endpoint),
      ttlMs: service.ttlMs,
      streams,
      query: operation.query,
      session: named,
      held,
      lines: answerLines,
      ...requestFields(request, held, streams),
      contentCheck,
      writeRefusal: createRefusalWriter({ lines: answerLines, streams }),
    })
  }

  /** The session that a field's value names, or what is wrong with it. */
  function nameSession(
    value: string | undefined,
    operation: Operation,
    nowMs: number,
  ): HeldSession | NamedSession | undefined | keyof typeof sessionRefusals | 'bad' {
    if (value === undefined) return undefined
    const begins = value === NEW_SESSION && !operation.streams
    if (begins) return newSession()
    if (!isSessionId(value)) return 'bad'
    const opened = openId(value)
    state = opened.status === 'forged' ? 'forged' : 'unknown'
    if (opened.status !== 'valid') return state
    const { id: containerId, claim, keyId } = opened
    if (claim.scope !== scopeOf(keyId, operation.endpoint)) state = 'foreign'
    else if (nowMs >= claim.expiresAtMs) state = 'expired'
    else {
      state = 'valid'
      const carried = { keyId, replicaTag: claim.replicaTag, epoch: 0 }
      const ttlMs = claim.expiresAtMs - nowMs
      return { key: value, carried, isNew: false, ttlMs, maxAgeMs: 0, containerId }
    }
    return state
  }

  /** A session that has no id yet; until then a name that nobody else has. */
  function newSession(): NamedSession {
    state = 'none'
    return {
      key: `\0new\0${randomUUID()}`,
      carried: undefined,
      isNew: true,
      ttlMs: service.ttlMs,
      maxAgeMs: 0,
    }
  }

  return {
    get state() {
      return state
    },
    translator: {
      translate,
      refuseStranger(request) {
        const operation = parseOperation(request)
        return operation && refuseEndpoint(operation)
      },
    },
    name: () => undefined,
    tell: () => '',
    end: () => '',
  }
}

function requestIdLine(): string {
  return `x-amzn-RequestId: ${randomUUID()}\r\n`
}

function refuseEndpoint({ endpoint, streams }: Operation): Refused {
  const refusal = 'LIMPET_UNKNOWN_ENDPOINT'
  const explanation = explained(refusal, `Endpoint ${endpoint} not found.`)
  const write = createRefusalWriter({ lines: requestIdLine(), streams, explanation })
  return { refusal, write, session: 'none', contentCheck: undefined }
}

function explained(code: RefusalCode, message: string | undefined): Explained['explanation'] {
  return message === undefined ? undefined : { code, message }
}

function signatureCheckOf(
  service: string,
  { region }: NonNullable<SagemakerConfig['signature']>,
  { accessKeys }: DialectParts,
): SignatureCheck {
  const keys = accessKeys.get(service)
  if (keys === undefined) throw new TypeError(`The access keys of ${service} were not loaded.`)
  return createSignatureCheck({
    accessKeys: keys,
    ...(region !== undefined && { region }),
    service: 'sagemaker',
    maxSkewMs: MAX_SKEW_MS,
  })
}

/** What the container gets in place of fields that are for the router. */
function requestFields(
  request: KeyedRequest,
  held: HeldSession | undefined,
  streams: boolean,
): { replacedFields: string[]; requestLines: string } {
  const replacedFields = [SESSION_FIELD, 'x-amz-security-token']
  if (request.header('authorization')?.startsWith('AWS4-')) replacedFields.push(...SIGNATURE_FIELDS)
  // In this very spelling: there is a container that looks for no other.
  let requestLines = held === undefined ? '' : `X-Amzn-SageMaker-Session-Id: ${held.containerId}\r\n`
  if (streams) {
    replacedFields.push('accept', STREAM_ACCEPT)
    const accept = request.header(STREAM_ACCEPT)
    if (accept !== undefined) requestLines += `Accept: ${accept}\r\n`
  }
  return { replacedFields, requestLines }
}

function badSessionId(streams: boolean): string {
  const pattern = streams ? '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$' : '^(NEW_SESSION)$|^[a-zA-Z0-9](-*[a-zA-Z0-9])*$'
  const rule = `have length less than or equal to 256 and satisfy regular expression pattern: ${pattern}`
  return validationFault('sessionId', rule)
}

function sessionMessage(state: keyof typeof sessionRefusals, { endpoint }: Operation): string {
  switch (state) {
    case 'expired':
      return 'The session has expired. Begin another with NEW_SESSION.'
    case 'forged':
      return 'The session id was altered: its signature is wrong.'
    case 'foreign':
      return `The session does not belong to endpoint ${endpoint}.`
    case 'unknown':
      return `The session id is none that endpoint ${endpoint} gave.`
  }
}
