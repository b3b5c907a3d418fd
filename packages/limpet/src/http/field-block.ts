import { CR, FIELD_VALUE, HTAB, LF, SP, TOKEN } from './characters.ts'
import { fieldNumber } from './header-names.ts'

const COLON = 58
const MAX_FIELDS = 1024

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
  readonly lineStart = new Int32Array(MAX_FIELDS)
  readonly nameEnd = new Int32Array(MAX_FIELDS)
  readonly valueStart = new Int32Array(MAX_FIELDS)
  readonly valueEnd = new Int32Array(MAX_FIELDS)
  /** Just past the line's CRLF. */
  readonly lineEnd = new Int32Array(MAX_FIELDS)

  /**
   * Reads field lines from `at` to `end`, where `bytes[end - 2, end)` is the CRLF of the last line (RFC 9112
   * §5). `base` is where the head starts in `bytes`. Returns false on a line that is not one: no colon, white
   * space before the colon, folded, a bare CR or LF, a byte that a name or value can't have. More lines than
   * `maxFields` set `count` past it and end the reading.
   */
  read(bytes: Uint8Array, base: number, at: number, end: number, maxFields: number): boolean {
    this.count = 0
    let index = at
    while (index < end) {
      const lineStart = index
      while (TOKEN[bytes[index]!] === 1) index++
      const nameEnd = index
      if (nameEnd === lineStart || bytes[index] !== COLON) return false
      index++
      let byte = bytes[index]!
      while (byte === SP || byte === HTAB) byte = bytes[++index]!
      const valueStart = index
      while (FIELD_VALUE[byte] === 1) byte = bytes[++index]!
      if (byte !== CR || bytes[index + 1] !== LF) return false
      let valueEnd = index
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--
      index += 2
      const field = this.count++
      if (field >= maxFields || field >= MAX_FIELDS) return true
      this.number[field] = fieldNumber(bytes, lineStart, nameEnd)
      this.lineStart[field] = lineStart - base
      this.nameEnd[field] = nameEnd - base
      this.valueStart[field] = valueStart - base
      this.valueEnd[field] = valueEnd - base
      this.lineEnd[field] = index - base
    }
    return index === end
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
    return this.text.slice(this.valueEnd[field], this.lineEnd[field]).includes('\t')
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
