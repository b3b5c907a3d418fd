/** A request as it came, before a router changes anything. Strings hold a byte a character (Latin-1). */
export interface SignedRequest {
  readonly method: string
  /** In origin form. */
  readonly target: string
  /** A field's value in any letter case of its name; several lines are joined by `, `. */
  header(name: string): string | undefined
  /**
   * The values of each line of a field. Signers join lines by a bare comma; without this, a signed field of
   * several lines can't be told from one line that holds `, ` and is refused.
   */
  headerValues?(name: string): readonly string[]
}

/**
 * The canonical request without its last line, the payload's hash: Latin-1, ending in a line feed (IAM User Guide,
 * "Create a signed AWS API request", step 1). Undefined where a signed field is not there or the query has a broken
 * percent-encoding, which no signer writes. The path is taken as it stands: signers sign one with empty or dot
 * segments in its short form, and a signature that were good for both would be good for paths that are routed
 * elsewhere. Work is linear in the head, but for the sorting of the query.
 */
export function canonicalHead(request: SignedRequest, signedHeaders: readonly string[]): string | undefined {
  const { method, target } = request
  const question = target.indexOf('?')
  const path = question === -1 ? target : target.slice(0, question)
  const query = canonicalQuery(question === -1 ? '' : target.slice(question + 1))
  if (query === undefined) return undefined
  // The path is already percent-encoded on the wire and is so once more for every service but S3.
  let head = `${method}\n${encode(path, /[^A-Za-z0-9_.~/-]/g)}\n${query}\n`
  for (const name of signedHeaders) {
    const value = canonicalValue(request, name)
    if (value === undefined) return undefined
    head += `${name}:${value}\n`
  }
  return `${head}\n${signedHeaders.join(';')}\n`
}

function canonicalValue(request: SignedRequest, name: string): string | undefined {
  const lines = request.headerValues?.(name)
  if (lines !== undefined) return lines.length === 0 ? undefined : lines.map(trimAll).join(',')
  const value = request.header(name)
  return value === undefined ? undefined : trimAll(value)
}

/** Without the space around a value, and with each run of it inside as one space. */
function trimAll(value: string): string {
  return value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')
}

/** Parameters sorted by name, then value, each percent-encoded in the one way; `+` means itself. */
function canonicalQuery(query: string): string | undefined {
  if (query === '') return ''
  const pairs: [name: string, value: string][] = []
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = recode(equals === -1 ? pair : pair.slice(0, equals))
    const value = recode(equals === -1 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    pairs.push([name, value])
  }
  pairs.sort(
    ([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue),
  )
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function recode(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  const bytes = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return encode(bytes, /[^A-Za-z0-9_.~-]/g)
}

/** Percent-encodes each byte that `reserved` matches, with capital letters (RFC 3986 §2.1). */
function encode(bytes: string, reserved: RegExp): string {
  return bytes.replace(
    reserved,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
