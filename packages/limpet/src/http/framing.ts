/** How a message's content is delimited (RFC 9112 §6.3): chunked, a length in bytes, or neither. */

/** The length is not one this router accepts. */
export const BAD_LENGTH = -2

const ZERO = 48
/** As many as a number holds exactly, whatever they are. */
const MAX_DIGITS = 15

/**
 * The number that a Content-Length value gives, or `BAD_LENGTH`. Only plain decimal digits without leading
 * zeros, at most 15 of them (so that the number is exact); a list such as `1, 1` is refused though RFC 9112 §6.3
 * allows to accept it, since others in the chain may not read it alike.
 */
export function parseContentLength(value: string): number {
  const { length } = value
  if (length === 0 || length > MAX_DIGITS || (length > 1 && value.charCodeAt(0) === ZERO)) return BAD_LENGTH
  let number = 0
  for (let at = 0; at < length; at++) {
    const digit = value.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return BAD_LENGTH
    number = number * 10 + digit
  }
  return number
}

const KNOWN_CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'])

/**
 * What a Transfer-Encoding value asks for: plain `chunked`, a registered coding before a final `chunked` that
 * this router does not decode (`unsupported`, answered with 501 by RFC 9112 §6.1), or anything else.
 */
export function parseTransferEncoding(value: string): 'chunked' | 'unsupported' | 'bad' {
  const lower = value.toLowerCase()
  if (lower === 'chunked') return 'chunked'
  const codings = lower.split(',').map((coding) => coding.trim())
  if (codings.pop() !== 'chunked' || codings.length === 0) return 'bad'
  return codings.every((coding) => KNOWN_CODINGS.has(coding)) ? 'unsupported' : 'bad'
}
