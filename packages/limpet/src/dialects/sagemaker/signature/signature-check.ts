import { createHash, createHmac, type Hash, timingSafeEqual } from 'node:crypto'
import type { RefusalCode } from '../../../errors.ts'
import type { ContentCheck } from '../../../http/route.ts'
import { parseAuthorization, type SignatureAuthorization } from './authorization.ts'
import { canonicalHead, type SignedRequest } from './canonical-request.ts'
import { type SignatureDate, signatureDate } from './signature-date.ts'
import { SigningKeys } from './signing-keys.ts'

/** Why a request's signature is not believed. */
export type SignatureRefusal = Extract<RefusalCode, `LIMPET_SIGNATURE_${string}`>

/** Whose signatures are believed. */
export interface SignatureConfig {
  /** Secret access keys by access key id. */
  readonly accessKeys: ReadonlyMap<string, string>
  /** The region in the credential's scope; any where absent. */
  readonly region?: string
  /** The service in the credential's scope: `sagemaker`, for the SageMaker runtime too. */
  readonly service: string
  /** How far the date of a request may be from now, in milliseconds; AWS allows 5 minutes. */
  readonly maxSkewMs: number
}

/** Verifies AWS Signature Version 4 (IAM User Guide, "AWS Signature Version 4 for API requests"). */
export interface SignatureCheck {
  /**
   * Looks at a request's head. A request with X-Amz-Content-Sha256 is verified at once and only its content is
   * left to compare; for one without, as botocore sends them, nothing is certain before `end`, so whoever forwards
   * its content must be able to break the request off. Throws nothing.
   */
  begin(request: SignedRequest, nowMs: number): SignatureRefusal | ContentCheck
}

/** Fields that must be signed where a request has them. */
const SIGNED_IF_PRESENT = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'] as const

/**
 * A check for one service and thread. Taken is the signature of an Authorization field over the whole content;
 * refused are presigned URLs, `UNSIGNED-PAYLOAD` and `STREAMING-…`, since there content could be changed or
 * sent again under another head. A security token must be signed, and is not looked at otherwise.
 */
export function createSignatureCheck(config: SignatureConfig): SignatureCheck {
  const keys = new SigningKeys()

  function begin(request: SignedRequest, nowMs: number): SignatureRefusal | ContentCheck {
    const field = request.header('authorization')
    if (field === undefined) {
      const isPresigned = /[?&]X-Amz-Signature=/i.test(request.target)
      return isPresigned ? 'LIMPET_SIGNATURE_PRESIGNED' : 'LIMPET_SIGNATURE_MISSING'
    }
    const authorization = parseAuthorization(field)
    const date = signatureDate(request)
    if (authorization === undefined || date === undefined) return 'LIMPET_SIGNATURE_INCOMPLETE'
    const { accessKeyId, scope, signedHeaders } = authorization
    const mustBeSigned = SIGNED_IF_PRESENT.filter((name) => request.header(name) !== undefined)
    if (!['host', date.field, ...mustBeSigned].every((name) => signedHeaders.includes(name)))
      return 'LIMPET_SIGNATURE_INCOMPLETE'
    const toldHash = request.header('x-amz-content-sha256')
    if (toldHash !== undefined && !/^[0-9a-f]{64}$/.test(toldHash)) return 'LIMPET_SIGNATURE_UNSIGNED_PAYLOAD'
    if (request.header('transfer-encoding') !== undefined) return 'LIMPET_SIGNATURE_CHUNKED'
    const secret = config.accessKeys.get(accessKeyId)
    if (secret === undefined) return 'LIMPET_SIGNATURE_UNKNOWN_KEY'
    const refusal = refuseScope(scope, date) ?? refuseDate(date, nowMs)
    if (refusal !== undefined) return refusal
    const head = canonicalHead(request, signedHeaders)
    if (head === undefined) return 'LIMPET_SIGNATURE_MISMATCH'
    const isSigned = (hash: string): boolean => {
      const key = keys.keyFor(accessKeyId, secret, scope)
      const signature = createHmac('sha256', key)
        .update(stringToSign(date, scope, head + hash))
        .digest()
      if (!timingSafeEqual(signature, authorization.signature)) return false
      keys.keep(accessKeyId, scope, key)
      return true
    }
    if (toldHash !== undefined && !isSigned(toldHash)) return 'LIMPET_SIGNATURE_MISMATCH'
    return contentCheck((hash) => {
      if (toldHash === undefined) return isSigned(hash) ? undefined : 'LIMPET_SIGNATURE_MISMATCH'
      return hash === toldHash ? undefined : 'LIMPET_SIGNATURE_PAYLOAD_MISMATCH'
    })
  }

  function refuseScope(
    [day, region, service, terminator]: SignatureAuthorization['scope'],
    date: SignatureDate,
  ): SignatureRefusal | undefined {
    const isOurs =
      day === date.stamp.slice(0, 8) &&
      (config.region === undefined || region === config.region) &&
      service === config.service &&
      terminator === 'aws4_request'
    return isOurs ? undefined : 'LIMPET_SIGNATURE_SCOPE'
  }

  function refuseDate({ atMs }: SignatureDate, nowMs: number): SignatureRefusal | undefined {
    if (atMs < nowMs - config.maxSkewMs) return 'LIMPET_SIGNATURE_EXPIRED'
    return atMs > nowMs + config.maxSkewMs ? 'LIMPET_SIGNATURE_EARLY' : undefined
  }

  return { begin }
}

function stringToSign(date: SignatureDate, scope: readonly string[], canonicalRequest: string): string {
  const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex')
  return `AWS4-HMAC-SHA256\n${date.stamp}\n${scope.join('/')}\n${hash}`
}

/** Hashes a request's content as it passes. */
function contentCheck(judge: (hash: string) => SignatureRefusal | undefined): ContentCheck {
  const hash: Hash = createHash('sha256')
  return {
    update: (content) => content.each((bytes, from, to) => void hash.update(bytes.subarray(from, to))),
    end: () => judge(hash.digest('hex')),
  }
}
