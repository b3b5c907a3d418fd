/** Frames of the router's own, as Latin-1 text (RFC 6455 §5.2). */

/** Close codes (RFC 6455 §7.4.1 and the IANA registry). */
const SERVICE_RESTART = 1012
const GOING_AWAY = 1001

/** Asks a client for a Pong. */
export const PING = '\x89\x00'

/** Asks a server for a Pong: masked, as all frames to servers (RFC 6455 §5.3), though there is nothing to mask. */
export const MASKED_PING = '\x89\x80\0\0\0\0'

/** A Close frame for a client that is to come back: 1012, which the IANA registry calls "Service Restart". */
export function closeForReturn(reason: string): string {
  return close(SERVICE_RESTART, reason)
}

/** A Close frame for a client that has no need to: 1001. */
export function closeForGood(reason: string): string {
  return close(GOING_AWAY, reason)
}

/** `reason` is ASCII, at most 123 characters. */
function close(code: number, reason: string): string {
  return String.fromCharCode(0x88, 2 + reason.length, code >> 8, code & 0xff) + reason
}
