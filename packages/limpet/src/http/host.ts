import { HOST } from './characters.ts'

const PERCENT = 37
const PERCENT_ENCODED = /^%[0-9A-Fa-f]{2}$/
const BRACKETED = /^\[[0-9A-Fa-f:.]{2,45}\]$/

/**
 * Whether `text` is a valid Host value, `name[:port]` (RFC 9110 §7.2, RFC 3986 §3.2.2). Empty ones are
 * refused: no `http` URL has an empty host.
 */
export function isValidHost(text: string): boolean {
  let nameEnd = text.length
  if (text.charCodeAt(0) === 91) {
    nameEnd = text.indexOf(']') + 1
    if (!BRACKETED.test(text.slice(0, nameEnd))) return false
  } else {
    const colon = text.indexOf(':')
    if (colon !== -1) nameEnd = colon
    for (let at = 0; at < nameEnd; at++) {
      const code = text.charCodeAt(at)
      if (code > 255 || HOST[code] !== 1) return false
      if (code === PERCENT && !PERCENT_ENCODED.test(text.slice(at, at + 3))) return false
    }
  }
  if (nameEnd === 0) return false
  return nameEnd === text.length || isPort(text, nameEnd)
}

function isPort(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 58 || text.length > at + 6) return false
  let port = 0
  for (let place = at + 1; place < text.length; place++) {
    const digit = text.charCodeAt(place) - 48
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
    if (port > 65535) return false
  }
  return true
}

/** The name of a valid Host value: lower case, without the port. */
export function hostName(host: string): string {
  const end = host.charCodeAt(0) === 91 ? host.indexOf(']') + 1 : host.indexOf(':')
  return (end > 0 ? host.slice(0, end) : host).toLowerCase()
}
