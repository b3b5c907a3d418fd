import { BadValueError, MessageTooLargeError } from '../errors.ts'

/** The most that one message may be, in bytes of JSON. */
export const MAX_MESSAGE_BYTES = 256 * 1024

/**
 * A message's data as JSON.
 * @throws {BadValueError} for what JSON can't hold
 * @throws {MessageTooLargeError} above `MAX_MESSAGE_BYTES`
 */
export function messageText(data: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    throw new BadValueError('The message can not be written as JSON.', { cause })
  }
  if (text === undefined) throw new BadValueError('The message can not be written as JSON.')
  if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) throw new MessageTooLargeError(MAX_MESSAGE_BYTES)
  return text
}
