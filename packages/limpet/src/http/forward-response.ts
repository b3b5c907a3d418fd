import { ALIAS, FIELD } from './header-names.ts'
import type { ResponseHead } from './response-head.ts'

const KEEP = 0
const DROP = 1
/** What becomes of it depends on the response; Connection can't take it away. */
const DEPENDS = 2

const fate = new Uint8Array(256)
fate[ALIAS] = DROP
for (const name of [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
  'limpet-decision',
  'limpet-epoch',
] as const)
  fate[FIELD[name]] = DROP
for (const name of ['content-length', 'transfer-encoding', 'cache-control'] as const)
  fate[FIELD[name]] = DEPENDS

/** What decides the fields that are not simply passed on. */
export interface ResponseChanges {
  /** Leave out Transfer-Encoding: the content is relayed decoded (to HTTP/1.0 clients) or there is none. */
  readonly dropCoding: boolean
  /** Leave out Content-Length: the status allows none (RFC 9110 §8.6). */
  readonly dropLength: boolean
  /** Leave out Cache-Control: the router adds its own. */
  readonly dropCacheControl: boolean
}

/**
 * The head to send to a client: the replica's lines in their order and spelling without those of its hop
 * (RFC 9110 §7.6.1). Ends after the last CRLF of a field line, without the empty line.
 */
export function forwardResponseHead(head: ResponseHead, changes: ResponseChanges): string {
  const { fields } = head
  const { text } = fields
  const named = head.connection.named
  let result = head.minor === 1 ? '' : `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  let runStart = head.minor === 1 ? 0 : head.firstFieldAt
  let dropsLength = changes.dropLength
  for (let field = 0; field < fields.count; field++) {
    const number = fields.number[field]!
    if (fate[number] === KEEP) {
      if (named.length === 0 || !named.includes(fields.name(field).toLowerCase())) continue
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
    runStart = fields.lineEnd[field]!
  }
  return result + text.slice(runStart, text.length - 2)
}
