import { CR, FIELD_VALUE, HTAB, LF, SP, TOKEN } from './characters.ts'
import { fieldNumber } from './header-names.ts'

const COLON = 58
const MAX_FIELDS = 1024

/** What parsers of heads return instead of an offset. */
export const INCOMPLETE = -1
export const BAD_HEAD = -2
export const TOO_MANY = -3

/**
 * The field lines of one message head, as offsets into its bytes: read in one pass, no string or object per
 * field. One block is reused for every head that its owner parses, so what it tells is valid until the next.
 */
export class FieldBlock {
  /** How many field lines there are. */
  count = 0
  /** The head's bytes as a Latin-1 string; the offsets below count from its first byte. */
  text = ''
  /** The field's number by `header-names.ts`, 0 when not known. */
  readonly number = new Uint8Array(MAX_FIELDS)
  /** Where a line starts, which is where the one before it ends; one more than there are lines. */
  readonly lineStart = new Int32Array(MAX_FIELDS + 1)
  readonly nameEnd = new Int32Array(MAX_FIELDS)
  readonly valueStart = new Int32Array(MAX_FIELDS)
  readonly valueEnd = new Int32Array(MAX_FIELDS)

  /**
   * Reads field lines from `at` on (RFC 9112 §5) and returns the offset just past the empty line after the last,
   * or a negative number: `INCOMPLETE` where `bytes[at, end)` are the beginning of field lines, `BAD_HEAD` on a
   * line that is not one (no colon, white space before the colon, folded, a bare CR or LF, a byte that a name or
   * value can't have), `TOO_MANY` where there are more than `maxFields`. `base` is where the head starts.
   */
  read(bytes: Uint8Array, base: number, at: number, end: number, maxFields: number): number {
    let field = 0
    let index = at
    this.lineStart[0] = at - base
    for (;;) {
      const lineStart = index
      let byte = bytes[index]!
      if (byte === CR) {
        this.count = field
        if (bytes[index + 1] === LF) return index + 2
        return index + 1 >= end ? INCOMPLETE : BAD_HEAD
      }
      while (TOKEN[byte] === 1) byte = bytes[++index]!
      if (byte !== COLON || index === lineStart) return index >= end ? INCOMPLETE : BAD_HEAD
      const nameEnd = index
      byte = bytes[++index]!
      while (byte === SP || byte === HTAB) byte = bytes[++index]!
      const valueStart = index
      while (FIELD_VALUE[byte] === 1) byte = bytes[++index]!
      if (byte !== CR) return index >= end ? INCOMPLETE : BAD_HEAD
      if (bytes[index + 1] !== LF) return index + 1 >= end ? INCOMPLETE : BAD_HEAD
      let valueEnd = index
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--
      index += 2
      if (field === maxFields || field === MAX_FIELDS) return TOO_MANY
      this.number[field] = fieldNumber(bytes, lineStart, nameEnd)
      this.nameEnd[field] = nameEnd - base
      this.valueStart[field] = valueStart - base
      this.valueEnd[field] = valueEnd - base
      this.lineStart[++field] = index - base
    }
  }

  /** The value of field line `field`. */
  value(field: number): string {
    return this.text.slice(this.valueStart[field], this.valueEnd[field])
  }

  /** The name of field line `field`, as the sender spelt it. */
  name(field: number): string {
    return this.text.slice(this.lineStart[field], this.nameEnd[field])
  }

  /**
   * Whether a tab stands between the value and the line's end. It is not part of the value (RFC 9112 §5), but
   * llhttp takes `chunked` with one behind it for another coding, so such a line can't be passed on.
   */
  hasTabBehind(field: number): boolean {
    return this.text.slice(this.valueEnd[field], this.lineStart[field + 1]).includes('\t')
  }

  /** The first value of the field `name` (lower case), or undefined. */
  find(name: string): string | undefined {
    const field = this.indexOf(name, 0)
    return field === -1 ? undefined : this.value(field)
  }

  /** The next line at or after `from` whose field is `name` (lower case), or -1. */
  indexOf(name: string, from: number): number {
    for (let field = from; field < this.count; field++) {
      if (this.nameEnd[field]! - this.lineStart[field]! === name.length && this.#isNamed(field, name))
        return field
    }
    return -1
  }

  #isNamed(field: number, name: string): boolean {
    const start = this.lineStart[field]!
    for (let at = 0; at < name.length; at++) {
      const code = this.text.charCodeAt(start + at)
      const lower = code >= 65 && code <= 90 ? code | 32 : code
      if (lower !== name.charCodeAt(at)) return false
    }
    return true
  }
}
