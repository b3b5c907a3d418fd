import { badQuestion } from './media-error.ts'

/** What can be asked about media. Offsets and lengths are bytes. */
export type Question =
  | { readonly question: 'size' }
  | { readonly question: 'byte'; readonly offset: number }
  /** The SHA-256 of the media, or of the part from `offset` (0 by default) on, to its end or of `length`. */
  | { readonly question: 'checksum'; readonly offset?: number; readonly length?: number }

const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  size: [],
  byte: ['offset'],
  checksum: ['offset', 'length'],
}

/**
 * Reads a question from its JSON.
 * @throws {MediaError} that says what is wrong with it
 */
export function readQuestion(text: string): Question {
  const asked = parseObject(text)
  const { question, ...numbers } = asked
  const fields = typeof question === 'string' && Object.hasOwn(fieldsOf, question) && fieldsOf[question]
  if (!fields) throw badQuestion(`"question" must be one of ${Object.keys(fieldsOf).join(', ')}`)
  for (const [name, value] of Object.entries(numbers)) {
    if (!fields.includes(name)) throw badQuestion(`a ${question} question has no field "${name}"`)
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw badQuestion(`"${name}" must be a whole number, 0 or more`)
    }
  }
  if (question === 'byte' && !('offset' in numbers)) throw badQuestion('a byte question needs an "offset"')
  return asked as Question
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badQuestion('the question is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badQuestion('the question must be a JSON object, such as {"question": "size"}')
  }
  return { ...value }
}
