/** An Authorization field of Signature Version 4. */
export interface SignatureAuthorization {
  readonly accessKeyId: string
  /** `YYYYMMDD`, `region`, `service` and `aws4_request` as the credential's scope has them. */
  readonly scope: readonly [date: string, region: string, service: string, terminator: string]
  /** Names in lower case, ascending, none twice. */
  readonly signedHeaders: readonly string[]
  /** 32 bytes. */
  readonly signature: Buffer
}

const MAX_FIELD_CHARACTERS = 8192
const MAX_SIGNED_HEADERS = 100
const MAX_SCOPE_CHARACTERS = 256
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`: the parts in any order, each once, with or
 * without spaces behind the commas (IAM User Guide, "Create a signed AWS API request", step 6). Undefined for
 * anything else, and for more signed headers or longer parts than a real signer writes.
 */
export function parseAuthorization(field: string): SignatureAuthorization | undefined {
  if (field.length > MAX_FIELD_CHARACTERS || !field.startsWith('AWS4-HMAC-SHA256 ')) return undefined
  const parts = new Map<string, string>()
  for (const part of field.slice('AWS4-HMAC-SHA256 '.length).split(',', 4)) {
    const equals = part.indexOf('=')
    const name = part.slice(0, equals).trim()
    if (equals === -1 || parts.has(name)) return undefined
    parts.set(name, part.slice(equals + 1).trim())
  }
  const signature = parts.get('Signature')
  const signedHeaders = parseSignedHeaders(parts.get('SignedHeaders'))
  const credential = parseCredential(parts.get('Credential'))
  if (parts.size !== 3 || signedHeaders === undefined || credential === undefined) return undefined
  if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) return undefined
  return { ...credential, signedHeaders, signature: Buffer.from(signature, 'hex') }
}

function parseSignedHeaders(text = ''): readonly string[] | undefined {
  const names = text.split(';', MAX_SIGNED_HEADERS + 1)
  if (names.length > MAX_SIGNED_HEADERS) return undefined
  const areGood = names.every((name, at) => HEADER_NAME.test(name) && (at === 0 || names[at - 1]! < name))
  return areGood ? names : undefined
}

/** The scope is what stands behind the last four slashes: an access key may hold some itself. */
function parseCredential(text = ''): Pick<SignatureAuthorization, 'accessKeyId' | 'scope'> | undefined {
  if (text.length > MAX_SCOPE_CHARACTERS) return undefined
  const parts = text.split('/')
  const [date, region, service, terminator] = parts.slice(-4)
  const accessKeyId = parts.slice(0, -4).join('/')
  if (accessKeyId === '' || !date || !region || !service || !terminator) return undefined
  return { accessKeyId, scope: [date, region, service, terminator] }
}
