import { TopicError } from '../errors.ts'
import { isPosition } from '../position.ts'

const MAX_TOPIC = 200

/** @throws {TopicError} for what can't be a topic */
export function checkTopic(topic: string): void {
  const isText = typeof topic === 'string' && topic.length > 0 && topic.length <= MAX_TOPIC
  if (!isText || /[\p{Cc}\s]/u.test(topic) || !topic.isWellFormed())
    throw new TopicError(
      `A topic has 1 to ${MAX_TOPIC} characters, none of them a space or a control character.`,
    )
}

/** @throws {TopicError} for what can't be a position */
export function checkPosition(position: string): void {
  if (typeof position !== 'string' || !isPosition(position))
    throw new TopicError('A position is what a message has in `position`, or 0-0.')
}
