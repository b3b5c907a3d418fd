import { forwardResponseHead } from './forward-response.ts'
import { httpDate } from './http-date.ts'
import type { ResponseHead } from './response-head.ts'
import type { Route } from './route.ts'

/** What decides a head besides the replica's and the route. */
export interface AnswerForm {
  readonly method: string
  /** Whether the client speaks HTTP/1.0, and so no chunked coding. */
  readonly isOld: boolean
  /** Whether the content comes without the framing that the replica's head tells of, and gets another. */
  readonly reframes: boolean
}

/** The head of an answer, from the replica's and what the route changes, up to the lines about its framing and hop. */
export function answerHead(
  head: ResponseHead,
  route: Route,
  { method, isOld, reframes }: AnswerForm,
): string {
  return forwardResponseHead(head, {
    dropCoding: isOld || reframes || head.hasNoContent(method),
    dropLength: head.status === 204,
    dropCacheControl: route.replacesCacheControl && !head.uncacheable,
    dropped: route.droppedFields,
  })
}

/** The lines behind it. */
export function answerLines(head: ResponseHead, route: Route): string {
  let lines = route.responseLines
  // The one answer besides 101 that must name protocols to switch to (RFC 9110 §15.5.22).
  if (head.status === 426) lines += upgradeLines(head.fields.find('upgrade') ?? '')
  if (!head.hasDate) lines += `Date: ${httpDate(Date.now())}\r\n`
  return lines
}

/** That the protocol can be, or is, switched to one of these. */
export function upgradeLines(protocols: string): string {
  return `Connection: Upgrade\r\nUpgrade: ${protocols}\r\n`
}

/** Whether a switch to `protocols` is one that was offered (RFC 9110 §7.8); none is, where nothing was. */
export function offers(offered: string, protocols: string): boolean {
  const known = offered.split(',').map((protocol) => protocol.trim())
  return protocols !== '' && protocols.split(',').every((protocol) => known.includes(protocol.trim()))
}
