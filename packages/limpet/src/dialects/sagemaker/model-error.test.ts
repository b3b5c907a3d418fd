import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnswerContent } from '../../http/answer-content.ts'
import { Content } from '../../http/content.ts'
import { ModelErrorAnswer, UnusableAnswer } from './model-error.ts'

const MOST = 16_384

/** Gives an answer the container's content, as far as that is wanted, and reads what the client gets. */
function errorOf(answer: AnswerContent, pieces: readonly Buffer[], fault?: 'cut' | 'stalled') {
  const out = new Content()
  let passed = 0
  for (const piece of pieces) {
    const content = new Content()
    content.add(piece, 0, piece.length)
    passed++
    if (!answer.pass(content, out)) break
  }
  assert.equal(out.bytes, 0, 'nothing is said before the end')
  if (fault === undefined) answer.end(out)
  else answer.fail(fault, out)
  assert.match(out.text(), /^[\x20-\x7e]+$/)
  return { passed, ...JSON.parse(out.text()) }
}

const bytes = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text))

describe("a container's answer of an error status", () => {
  for (const [status, kind] of [
    [300, 'unusable answer'],
    [304, 'unusable answer'],
    [400, 'client error'],
    [499, 'client error'],
    [500, 'server error'],
    [599, 'server error'],
  ] as const) {
    test(`is ModelError that tells ${status} as ${kind}`, () => {
      const answer = new ModelErrorAnswer(status)
      assert.equal(answer.status, 424)
      assert.match(answer.head, /^HTTP\/1\.1 424 [\s\S]*\r\nx-amzn-ErrorType: ModelError\r\n/)
      assert.deepEqual(errorOf(answer, bytes('no ', 'memory')), {
        passed: 2,
        Message: `Received ${kind} (${status}) from primary with message "no memory"`,
        OriginalStatusCode: status,
        OriginalMessage: 'no memory',
        LogStreamArn: '',
      })
    })
  }

  test('is told with characters whole that came in two reads, and with a mark for what is no UTF-8', () => {
    const [before, after] = [Buffer.from('Zürich').subarray(0, 2), Buffer.from('Zürich').subarray(2)]
    assert.equal(errorOf(new ModelErrorAnswer(500), [before, after]).OriginalMessage, 'Zürich')
    assert.equal(errorOf(new ModelErrorAnswer(500), [Buffer.from([0x61, 0xff])]).OriginalMessage, 'a\ufffd')
  })

  test('is told with an empty message where it has no content', () => {
    assert.equal(errorOf(new ModelErrorAnswer(500), []).OriginalMessage, '')
  })

  test('is told up to a length, and then no more of it is wanted', () => {
    const just = errorOf(new ModelErrorAnswer(500), bytes('x'.repeat(MOST - 1), 'y', 'z'))
    assert.equal(just.OriginalMessage, `${'x'.repeat(MOST - 1)}y`)
    assert.equal(just.passed, 2)
    const over = errorOf(new ModelErrorAnswer(500), bytes('x'.repeat(10_000), 'y'.repeat(10_000), 'z'))
    assert.equal(over.OriginalMessage, 'x'.repeat(10_000) + 'y'.repeat(MOST - 10_000))
    assert.equal(over.passed, 2)
  })

  test('is told as far as it came where it broke off', () => {
    for (const fault of ['cut', 'stalled'] as const)
      assert.equal(errorOf(new ModelErrorAnswer(500), bytes('no mem'), fault).OriginalMessage, 'no mem')
  })

  test('is one of its own for each request', () => {
    const answers = [new ModelErrorAnswer(500), new ModelErrorAnswer(400)]
    const told = answers.map((answer) => errorOf(answer, bytes('same')))
    assert.deepEqual(
      told.map(({ OriginalStatusCode, OriginalMessage }) => [OriginalStatusCode, OriginalMessage]),
      [
        [500, 'same'],
        [400, 'same'],
      ],
    )
  })
})

describe('an answer that can not be used', () => {
  test('is ModelError with words of ours; none of its content is wanted', () => {
    for (const fault of [undefined, 'cut'] as const) {
      const answer = new UnusableAnswer(200, 'No such id.')
      assert.equal(answer.status, 424)
      assert.deepEqual(errorOf(answer, bytes('secret', 'more'), fault), {
        passed: 1,
        Message: 'Received unusable answer (200) from primary with message "No such id."',
        OriginalStatusCode: 200,
        OriginalMessage: 'No such id.',
        LogStreamArn: '',
      })
    }
  })
})
