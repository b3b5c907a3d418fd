import { findString } from './find-string.ts'
import type { OpenedSession, SessionIds } from './session-id.ts'

const IN_REQUEST = ['params', 'requestState']
const IN_RESULT = ['result', 'requestState']
const SPACE = 32
const QUOTE = 34

/**
 * Takes the routing suffix off the `requestState` of a retry, in place: what is left over becomes spaces behind the
 * string, which mean nothing to JSON, so that the content's length stays. Undefined: there is none, or not one of
 * ours; whether a state is good is for the replica to say.
 */
export function openState(
  content: Buffer,
  ids: SessionIds,
  principal: string | undefined,
): OpenedSession | undefined {
  const place = findString(content, IN_REQUEST)
  if (place === undefined) return undefined
  const opened = ids.open(unescaped(content.toString('latin1', place.from, place.to)), principal)
  if (typeof opened === 'string') return undefined
  // What was sealed holds nothing that needs an escape, and is the shortest way to write it.
  const end = place.from + content.write(opened.idAtReplica, place.from, 'latin1')
  content[end] = QUOTE
  content.fill(SPACE, end + 1, place.to + 1)
  return opened
}

/** The string that is written so: some clients escape what need not be, such as slashes. */
function unescaped(written: string): string {
  if (!written.includes('\\')) return written
  try {
    return JSON.parse(`"${written}"`)
  } catch {
    return written
  }
}

/**
 * Adds a routing suffix to the `requestState` of a result, so that the retry that brings it goes to the replica
 * that made it. Returns `message` itself where it has none.
 */
export function sealState(message: Buffer, seal: (state: string) => string | undefined): Buffer {
  const place = findString(message, IN_RESULT)
  if (place === undefined) return message
  const state = message.toString('latin1', place.from, place.to)
  // The state that comes back is written as it is.
  const sealed = state.includes('\\') ? undefined : seal(state)
  if (sealed === undefined) return message
  return Buffer.concat([
    message.subarray(0, place.from),
    Buffer.from(sealed, 'latin1'),
    message.subarray(place.to),
  ])
}
