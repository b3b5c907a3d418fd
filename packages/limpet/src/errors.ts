/**
 * Every refusal Limpet makes, in one place: a stable code, the HTTP status a client sees and a message that
 * tells what to do. Clients see only `code` and `message`; neither ever holds an address or a stack.
 */

interface Refusal {
  readonly status: number
  readonly message: string
}

/** What a client can be refused with, by code. */
export const refusals = {
  LIMPET_BAD_REQUEST: { status: 400, message: 'The request is not valid HTTP/1.1.' },
  LIMPET_BAD_FRAMING: { status: 400, message: "The request's length is ambiguous or malformed." },
  LIMPET_BAD_HOST: { status: 400, message: 'The Host header is missing, repeated or malformed.' },
  LIMPET_HEAD_TIMEOUT: { status: 408, message: 'The request head did not arrive in time.' },
  LIMPET_BODY_TIMEOUT: { status: 408, message: "The request's body stopped arriving." },
  LIMPET_BODY_TOO_LARGE: { status: 413, message: "The request's body is larger than this router accepts." },
  LIMPET_TARGET_TOO_LONG: { status: 414, message: 'The request target is longer than this router accepts.' },
  LIMPET_HEAD_TOO_LARGE: { status: 431, message: 'The request head is larger than this router accepts.' },
  LIMPET_METHOD_NOT_ALLOWED: { status: 405, message: 'This router forwards neither CONNECT nor TRACE.' },
  LIMPET_CODING_NOT_SUPPORTED: { status: 501, message: 'Only the chunked transfer coding is supported.' },
  LIMPET_VERSION_NOT_SUPPORTED: { status: 505, message: 'Only HTTP/1.0 and HTTP/1.1 are spoken here.' },
  LIMPET_LOOP: { status: 508, message: 'This router has seen the request before: it is routed in a loop.' },
  LIMPET_NO_SERVICE: { status: 404, message: 'No service is configured for this host and path.' },
  LIMPET_NO_REPLICA: { status: 503, message: 'No replica of this service can take the request now.' },
  LIMPET_EXHAUSTED: {
    status: 503,
    message:
      "The router is out of file descriptors or ports for connections to replicas, or a replica's queue is full.",
  },
  LIMPET_SESSION_LOST: {
    status: 503,
    message: 'The replica that held this session is gone, and this service does not move sessions.',
  },
  LIMPET_SESSION_GONE: {
    status: 404,
    message: 'The session is gone with its replica, and can not be begun anew at another.',
  },
  LIMPET_SESSION_MOVED: {
    status: 503,
    message: 'The session was moved to another replica just now: send the request again.',
  },
  LIMPET_NOT_READY: { status: 503, message: 'The replicas of this service are not ready yet.' },
  LIMPET_SESSION_BUSY: {
    status: 503,
    message: 'Too many requests of this session wait for their turn, or one waited too long.',
  },
  LIMPET_SESSIONS_FULL: {
    status: 503,
    message: 'Every replica of this service has all the sessions it may.',
  },
  LIMPET_SESSION_EXPIRED: { status: 410, message: 'The session has expired.' },
  LIMPET_SESSION_CLOSED: { status: 410, message: 'The session was closed.' },
  LIMPET_SESSION_UNKNOWN: { status: 400, message: 'The session id is none that this service gave.' },
  LIMPET_SESSION_FORGED: { status: 400, message: 'The session id was altered: its signature is wrong.' },
  LIMPET_SESSION_FOREIGN: { status: 400, message: 'The session belongs to another endpoint.' },
  LIMPET_BAD_SESSION_ID: { status: 400, message: 'The session id is not one that the protocol allows.' },
  LIMPET_BAD_PARAMETER: {
    status: 400,
    message: 'A parameter of the request is not one the protocol allows.',
  },
  LIMPET_UNKNOWN_ENDPOINT: { status: 400, message: 'No endpoint of this name is configured.' },
  LIMPET_UNKNOWN_OPERATION: { status: 404, message: 'The request is no operation of this protocol.' },
  LIMPET_SIGNATURE_MISSING: {
    status: 403,
    message: 'The request is not signed: this endpoint needs AWS Signature Version 4.',
  },
  LIMPET_SIGNATURE_INCOMPLETE: {
    status: 400,
    message:
      'The Authorization header needs AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature; the request ' +
      'needs a valid X-Amz-Date or Date, and host, that date and every X-Amz-* security header among SignedHeaders.',
  },
  LIMPET_SIGNATURE_PRESIGNED: {
    status: 400,
    message: 'Presigned URLs are not taken here: send the signature in the Authorization header.',
  },
  LIMPET_SIGNATURE_UNSIGNED_PAYLOAD: {
    status: 400,
    message:
      'X-Amz-Content-Sha256 must be the SHA-256 of the whole body: unsigned and streaming payloads are refused.',
  },
  LIMPET_SIGNATURE_UNKNOWN_KEY: {
    status: 403,
    message: 'This endpoint does not know the access key of the request.',
  },
  LIMPET_SIGNATURE_SCOPE: {
    status: 403,
    message:
      "The credential's scope must be the date of the request, this endpoint's region, sagemaker and aws4_request.",
  },
  LIMPET_SIGNATURE_EXPIRED: {
    status: 403,
    message: 'Signature expired: the date of the request is too far in the past; check the clock.',
  },
  LIMPET_SIGNATURE_EARLY: {
    status: 403,
    message: 'Signature not yet current: the date of the request is too far in the future; check the clock.',
  },
  LIMPET_SIGNATURE_MISMATCH: {
    status: 403,
    message: 'The signature does not match the request; check the secret key and the signing method.',
  },
  LIMPET_SIGNATURE_PAYLOAD_MISMATCH: {
    status: 403,
    message: 'The body does not have the SHA-256 that X-Amz-Content-Sha256 tells.',
  },
  LIMPET_SIGNATURE_CHUNKED: {
    status: 411,
    message: 'A signed request needs a Content-Length: its body can not be checked in chunks.',
  },
  LIMPET_CONNECT_TIMEOUT: { status: 504, message: 'No replica accepted a connection in time.' },
  LIMPET_RESPONSE_TIMEOUT: { status: 504, message: 'The replica did not answer in time.' },
  LIMPET_REPLICA_RESET: {
    status: 502,
    message: 'The replica closed the connection before it answered. The request may have been executed.',
  },
  LIMPET_BAD_RESPONSE: { status: 502, message: "The replica's answer is not valid HTTP/1.1." },
  LIMPET_EARLY_ANSWER: {
    status: 502,
    message: 'The replica answered before all of the request had come and could be verified.',
  },
  LIMPET_SESSION_SOURCE_FAILED: {
    status: 500,
    message: "The router's session source failed for this request.",
  },
  LIMPET_INTERNAL: { status: 500, message: 'The router failed on this request.' },
} as const satisfies Record<string, Refusal>

export type RefusalCode = keyof typeof refusals

/** All refusal codes in a fixed order: metrics count them by this index. */
export const refusalCodes = Object.keys(refusals) as readonly RefusalCode[]

/** The base of everything Limpet throws: `code` is stable, `message` tells the operator what to do. */
export class LimpetError extends Error {
  override readonly name: string = 'LimpetError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** One fault of a config file, with its place (lines and columns count from 1). */
export interface ConfigFault {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** The config can't be used; `message` has one `file:line:column: message` a line. */
export class ConfigError extends LimpetError {
  override readonly name = 'ConfigError'
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    super('LIMPET_CONFIG', faults.map((f) => `${f.file}:${f.line}:${f.column}: ${f.message}`).join('\n'))
    this.faults = faults
  }
}

/** The router can't start or go on: a busy port, an unwritable key file, a worker that does not come up. */
export class StartError extends LimpetError {
  override readonly name = 'StartError'
}
