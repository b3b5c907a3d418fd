import { DEPENDS, fieldFates, KEEP } from './field-fate.ts'
import { FIELD } from './header-names.ts'
import type { ResponseHead } from './response-head.ts'

/** Connection can't take these away. */
const fate = fieldFates([FIELD['content-length'], FIELD['transfer-encoding'], FIELD['cache-control']])

/** What decides the fields that are not simply passed on. */
export interface ResponseChanges {
  /** Leave out Transfer-Encoding: the content is relayed decoded (to HTTP/1.0 clients) or there is none. */
  readonly dropCoding: boolean
  /** Leave out Content-Length: the status allows none (RFC 9110 §8.6). */
  readonly dropLength: boolean
  /** Leave out Cache-Control: the router adds its own. */
  readonly dropCacheControl: boolean
  /** Other fields to leave out, lower case. */
  readonly dropped: readonly string[]
}

/**
 * The head to send to a client: the replica's lines in their order and spelling without those of its hop
 * (RFC 9110 §7.6.1). Ends after the last CRLF of a field line, without the empty line.
 */
export function forwardResponseHead(head: ResponseHead, changes: ResponseChanges): string {
  const { fields } = head
  const { text } = fields
  const { named } = head.connection
  const unwanted = changes.dropped.length === 0 ? named : [...named, ...changes.dropped]
  let result = head.minor === 1 ? '' : `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  let runStart = head.minor === 1 ? 0 : head.firstFieldAt
  let dropsLength = changes.dropLength
  for (let field = 0; field < fields.count; field++) {
    const number = fields.number[field]!
    if (fate[number] === KEEP) {
      if (unwanted.length === 0 || !unwanted.includes(fields.name(field).toLowerCase())) continue
    } else if (number === FIELD['content-length']) {
      if (!dropsLength) {
        // Repeats of the same length must go on as one (RFC 9110 §8.6).
        dropsLength = true
        continue
      }
    } else if (fate[number] === DEPENDS) {
      if (!(number === FIELD['transfer-encoding'] ? changes.dropCoding : changes.dropCacheControl)) continue
    }
    result += text.slice(runStart, fields.lineStart[field])
    runStart = fields.lineStart[field + 1]!
  }
  return result + text.slice(runStart, text.length - 2)
}
