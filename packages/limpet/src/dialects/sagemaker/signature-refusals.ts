/** Why a request's signature is not believed. */
export type SignatureRefusal = keyof typeof signatureRefusals

/**
 * What AWS SDKs are told, by code: the status, the `x-amzn-ErrorType` from which they take the error's class and
 * the `message` of the JSON content. Types and statuses are those of the "Common Error Types" page that AWS
 * documents for all its services, with the `Exception` that its JSON services put behind them; services differ on
 * the status of IncompleteSignature, and this is the documented one. The SDKs look at the `Date` of an answer with
 * InvalidSignatureException and correct their clock by it, so that answer must have one.
 */
export const signatureRefusals = {
  LIMPET_SIGNATURE_MISSING: {
    status: 403,
    type: 'MissingAuthenticationTokenException',
    message: 'The request is not signed: this endpoint needs AWS Signature Version 4.',
  },
  LIMPET_SIGNATURE_INCOMPLETE: {
    status: 400,
    type: 'IncompleteSignatureException',
    message:
      'The Authorization header needs AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature; the request ' +
      'needs a valid X-Amz-Date or Date, and host, that date and every X-Amz-* security header among SignedHeaders.',
  },
  LIMPET_SIGNATURE_PRESIGNED: {
    status: 400,
    type: 'IncompleteSignatureException',
    message: 'Presigned URLs are not taken here: send the signature in the Authorization header.',
  },
  LIMPET_SIGNATURE_UNSIGNED_PAYLOAD: {
    status: 400,
    type: 'IncompleteSignatureException',
    message:
      'X-Amz-Content-Sha256 must be the SHA-256 of the whole body: unsigned and streaming payloads are refused.',
  },
  LIMPET_SIGNATURE_UNKNOWN_KEY: {
    status: 403,
    type: 'UnrecognizedClientException',
    message: 'This endpoint does not know the access key of the request.',
  },
  LIMPET_SIGNATURE_SCOPE: {
    status: 403,
    type: 'InvalidSignatureException',
    message:
      "The credential's scope must be the date of the request, this endpoint's region, sagemaker and aws4_request.",
  },
  LIMPET_SIGNATURE_EXPIRED: {
    status: 403,
    type: 'InvalidSignatureException',
    message: 'Signature expired: the date of the request is too far in the past; check the clock.',
  },
  LIMPET_SIGNATURE_EARLY: {
    status: 403,
    type: 'InvalidSignatureException',
    message: 'Signature not yet current: the date of the request is too far in the future; check the clock.',
  },
  LIMPET_SIGNATURE_MISMATCH: {
    status: 403,
    type: 'InvalidSignatureException',
    message: 'The signature does not match the request; check the secret key and the signing method.',
  },
  LIMPET_SIGNATURE_PAYLOAD_MISMATCH: {
    status: 403,
    type: 'InvalidSignatureException',
    message: 'The body does not have the SHA-256 that X-Amz-Content-Sha256 tells.',
  },
} as const satisfies Record<string, { status: number; type: string; message: string }>
