import { type HeadLimits, REFUSED, RequestHead } from './request-head.ts'
import { ResponseHead } from './response-head.ts'

export const sampleLimits: HeadLimits = { headBytes: 16_384, headerCount: 100, targetBytes: 8192 }

/** Parses `text` (Latin-1) as a request head; between other bytes, as it stands in a read. */
export function parseRequest(
  text: string,
  limits = sampleLimits,
): { head: RequestHead; refusal: string | undefined } {
  const head = new RequestHead()
  const bytes = Buffer.from(`before${text}\0after`, 'latin1')
  const end = bytes.length - 6
  const headEnd = head.parse(bytes, 6, end, limits)
  if (headEnd === REFUSED) return { head, refusal: head.refusal }
  return { head, refusal: headEnd === end ? undefined : 'incomplete' }
}

/** The head of `text`, which must be valid. */
export function requestOf(text: string): RequestHead {
  const { head, refusal } = parseRequest(text)
  if (refusal !== undefined) throw new Error(`refused with ${refusal}`)
  return head
}

/** Lines of a head, each ended by CRLF, with the empty line. */
export function headOf(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Parses `text` (Latin-1) as a response head, or undefined where it is not valid. */
export function parseResponse(text: string): ResponseHead | undefined {
  const head = new ResponseHead()
  const bytes = Buffer.from(`before${text}\0after`, 'latin1')
  const end = bytes.length - 6
  return head.parse(bytes, 6, end) === end ? head : undefined
}
