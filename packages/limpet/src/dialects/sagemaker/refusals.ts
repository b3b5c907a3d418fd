import { type RefusalCode, refusals } from '../../errors.ts'
import { type RefusalWriter, refusalText } from '../../http/refusal-response.ts'
import { asciiJson } from '../ascii-json.ts'
import type { SignatureRefusal } from './signature/signature-check.ts'

/** An error of the SageMaker runtime API: SDKs raise the exception that is named by its type. */
export interface ApiError {
  readonly type: string
  readonly status: number
}

const validation: ApiError = { type: 'ValidationError', status: 400 }
const model: ApiError = { type: 'ModelError', status: 424 }
const failure: ApiError = { type: 'InternalFailure', status: 500 }
const unavailable: ApiError = { type: 'ServiceUnavailable', status: 503 }

/** Errors other than what their status says: 4xx are the client's fault, 5xx the router's. */
const errors: Partial<Record<RefusalCode, ApiError>> = {
  LIMPET_UNKNOWN_OPERATION: { type: 'UnknownOperationException', status: 404 },
  LIMPET_NOT_READY: { type: 'ModelNotReadyException', status: 429 },
  LIMPET_SESSION_LOST: validation,
  LIMPET_NO_REPLICA: unavailable,
  LIMPET_EXHAUSTED: unavailable,
  LIMPET_SESSIONS_FULL: unavailable,
  LIMPET_SESSION_BUSY: unavailable,
  LIMPET_CONNECT_TIMEOUT: unavailable,
  LIMPET_RESPONSE_TIMEOUT: model,
  LIMPET_REPLICA_RESET: model,
  LIMPET_BAD_RESPONSE: model,
  LIMPET_EARLY_ANSWER: model,
}

/**
 * The types of what is wrong with a signature. They are those of the "Common Error Types" that AWS documents for
 * all its services, with the `Exception` that its JSON services put behind them; the statuses are in `errors.ts`.
 */
const signatureTypes: Record<SignatureRefusal, string> = {
  LIMPET_SIGNATURE_MISSING: 'MissingAuthenticationTokenException',
  LIMPET_SIGNATURE_INCOMPLETE: 'IncompleteSignatureException',
  LIMPET_SIGNATURE_PRESIGNED: 'IncompleteSignatureException',
  LIMPET_SIGNATURE_UNSIGNED_PAYLOAD: 'IncompleteSignatureException',
  LIMPET_SIGNATURE_UNKNOWN_KEY: 'UnrecognizedClientException',
  LIMPET_SIGNATURE_SCOPE: 'InvalidSignatureException',
  LIMPET_SIGNATURE_EXPIRED: 'InvalidSignatureException',
  LIMPET_SIGNATURE_EARLY: 'InvalidSignatureException',
  LIMPET_SIGNATURE_MISMATCH: 'InvalidSignatureException',
  LIMPET_SIGNATURE_PAYLOAD_MISMATCH: 'InvalidSignatureException',
  LIMPET_SIGNATURE_CHUNKED: 'MissingContentLength',
}

/** The error that a refusal is to clients. */
export function errorOf(code: RefusalCode): ApiError {
  const { status } = refusals[code]
  const type = (signatureTypes as Partial<Record<RefusalCode, string>>)[code]
  if (type !== undefined) return { type, status }
  return errors[code] ?? (status < 500 ? validation : failure)
}

/** A refusal of a service without the message that the code has for all. */
export interface Explained {
  /** What every answer tells, each line with its CRLF. */
  readonly lines: string
  /** Whether the answer would be an event stream: such calls have no ModelNotReadyException. */
  readonly streams: boolean
  /** In place of the message that the code has for all. */
  readonly explanation?: { readonly code: RefusalCode; readonly message: string } | undefined
}

/** Writes refusals in the way of the API: the type in a field, the text in a JSON object. */
export function createRefusalWriter({ lines, streams, explanation }: Explained): RefusalWriter {
  return (code, details) => {
    let { type, status } = errorOf(code)
    if (streams && code === 'LIMPET_NOT_READY') ({ type, status } = unavailable)
    const text = explanation?.code === code ? explanation.message : refusals[code].message
    const body =
      type === model.type ? modelErrorBody(code, text) : asciiJson({ Message: text, LimpetCode: code })
    return { status, text: refusalText(status, `${lines}${errorLines(type)}`, body, details) }
  }
}

/** What a container that gave no answer comes to: an original status of 0, as the service has it. */
function modelErrorBody(code: RefusalCode, text: string): string {
  return asciiJson({
    Message: `Received server error (0) from primary with message "${text}"`,
    OriginalStatusCode: 0,
    OriginalMessage: text,
    LogStreamArn: '',
    LimpetCode: code,
  })
}

/** The field lines of an error: its type, by which SDKs know it, and that its content is JSON. */
export function errorLines(type: string): string {
  return `x-amzn-ErrorType: ${type}\r\nContent-Type: application/json\r\n`
}
