import { namePattern } from '../../config/sagemaker-schema.ts'
import type { KeyedRequest } from '../../session/session-key.ts'

/** What a client of the SageMaker runtime API asks for. */
export interface Operation {
  readonly endpoint: string
  /** Whether the answer is to be an event stream: InvokeEndpointWithResponseStream. */
  readonly streams: boolean
  /** The target's query with its question mark, or empty. */
  readonly query: string
}

/** The endpoint's name and the operation in a target; undefined where it is none of the API's. */
export function parseOperation({ method, target }: KeyedRequest): Operation | undefined {
  const [, name, action, query = ''] =
    /^\/endpoints\/([^/?]+)\/(invocations|invocations-response-stream)(\?.*)?$/.exec(target) ?? []
  if (method !== 'POST' || name === undefined) return undefined
  return { endpoint: decoded(name), streams: action !== 'invocations', query }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** A parameter of the API that travels in a header field, and how long it may be. */
interface Parameter {
  readonly field: string
  readonly name: string
  readonly least: number
  readonly most: number
}

/** The bounds that the API gives and SDKs do not check (the service model of `sagemaker-runtime`). */
const parameters: readonly Parameter[] = [
  { field: 'x-amzn-sagemaker-custom-attributes', name: 'customAttributes', least: 0, most: 1024 },
  { field: 'x-amzn-sagemaker-inference-id', name: 'inferenceId', least: 1, most: 64 },
  { field: 'x-amzn-sagemaker-target-variant', name: 'targetVariant', least: 1, most: 63 },
]

/** Says what is wrong with a request's parameters, as the API words it; undefined where nothing is. */
export function parameterFault(request: KeyedRequest, { endpoint }: Operation): string | undefined {
  if (!namePattern.test(endpoint)) {
    const rule = 'have length less than or equal to 63 and satisfy regular expression pattern: '
    return validationFault('endpointName', `${rule}^[a-zA-Z0-9](-*[a-zA-Z0-9])*`)
  }
  for (const { field, name, least, most } of parameters) {
    const value = request.header(field)
    if (value === undefined) continue
    if (value.length > most) return validationFault(name, `have length less than or equal to ${most}`)
    if (value.length < least) return validationFault(name, `have length greater than or equal to ${least}`)
  }
  return undefined
}

/** `rule` continues "Member must". */
export function validationFault(name: string, rule: string): string {
  return `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must ${rule}`
}
