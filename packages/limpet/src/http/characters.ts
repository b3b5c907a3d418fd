/** Byte classes of HTTP/1.1, as 256-entry tables: `TABLE[byte]` is 1 for members (RFC 9110 §5.6, RFC 9112 §3). */

function table(isMember: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isMember(byte) ? 1 : 0))
}

const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~"

function isAlphanumeric(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
}

/** Bytes of a token: methods and field names (RFC 9110 §5.6.2). */
export const TOKEN = table(
  (byte) => isAlphanumeric(byte) || TOKEN_PUNCTUATION.includes(String.fromCharCode(byte)),
)

/** Bytes of a field value: HTAB, SP, VCHAR and obs-text (RFC 9110 §5.5). */
export const FIELD_VALUE = table((byte) => byte === 9 || (byte >= 32 && byte !== 127))

/** Bytes of a request target: VCHAR without `#`, since a fragment is never sent (RFC 9112 §3.2, RFC 9110 §7.1). */
export const TARGET = table((byte) => byte > 32 && byte < 127 && byte !== 35)

/** Bytes of a Host's name: unreserved, sub-delims but the comma, and `%` (RFC 3986 §3.2.2). */
export const HOST = table(
  (byte) => isAlphanumeric(byte) || "-._~!$&'()*+;=%".includes(String.fromCharCode(byte)),
)

/** The value of a hexadecimal digit, or 255. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(digit) ? 255 : digit
})

export const CR = 13
export const LF = 10
export const SP = 32
export const HTAB = 9
