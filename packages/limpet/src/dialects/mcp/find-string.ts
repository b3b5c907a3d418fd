const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93

/** Where a string stands in a JSON text: its characters without the quotes, `bytes[from, to)`. */
export interface StringPlace {
  readonly from: number
  readonly to: number
}

/**
 * Finds the string at `path` (names of members, from the outermost) in a JSON text that is an object; undefined
 * where there is none, or the text is not JSON as far as it was read. Names are compared as they are written, and
 * of members with one name the first counts. One pass, no recursion, nothing is copied.
 */
export function findString(bytes: Buffer, path: readonly string[]): StringPlace | undefined {
  let at = skipSpace(bytes, 0)
  for (const [depth, name] of path.entries()) {
    const valueAt = findMember(bytes, at, name)
    if (valueAt === -1) return undefined
    at = valueAt
    if (depth < path.length - 1) continue
    const end = bytes[at] === QUOTE ? endOfString(bytes, at) : -1
    return end === -1 ? undefined : { from: at + 1, to: end - 1 }
  }
  return undefined
}

/** Where the value of a member begins, of the object that begins at `at`; -1: nowhere. */
function findMember(bytes: Buffer, start: number, name: string): number {
  if (bytes[start] !== OPEN_BRACE) return -1
  let at = skipSpace(bytes, start + 1)
  while (bytes[at] === QUOTE) {
    const end = endOfString(bytes, at)
    if (end === -1) return -1
    const isWanted = end - at - 2 === name.length && bytes.toString('latin1', at + 1, end - 1) === name
    at = skipSpace(bytes, end)
    if (bytes[at] !== COLON) return -1
    at = skipSpace(bytes, at + 1)
    if (isWanted) return at
    at = skipValue(bytes, at)
    if (at === -1) return -1
    at = skipSpace(bytes, at)
    if (bytes[at] !== COMMA) return -1
    at = skipSpace(bytes, at + 1)
  }
  return -1
}

/** Just past the value at `start`; -1: it has no end. */
function skipValue(bytes: Buffer, start: number): number {
  let depth = 0
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
      if (at === -1) return -1
      if (depth === 0) return at
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      // The end of what the value stands in: it was a number or a word.
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (byte === COMMA && depth === 0) return at
    at++
  }
  return -1
}

/** Just past the closing quote of the string at `start`; -1: it has none. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(QUOTE, start + 1); at !== -1; at = bytes.indexOf(QUOTE, at + 1)) {
    let escapes = 0
    while (bytes[at - 1 - escapes] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return at + 1
  }
  return -1
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at++
  return at
}
