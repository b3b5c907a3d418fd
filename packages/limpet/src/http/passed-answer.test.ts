import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Content } from './content.ts'
import { FramedAnswer } from './framed-answer.ts'
import { PassedAnswer } from './passed-answer.ts'

test('an answer that is framed anew has the content that it had', () => {
  const answer = new FramedAnswer(new PassedAnswer(404, 'HTTP/1.1 404 Not Found\r\nX-A: b\r\n'), true)
  assert.deepEqual(
    [answer.status, answer.head],
    [404, 'HTTP/1.1 404 Not Found\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n'],
  )
  const read = (...pieces: string[]) => {
    const content = new Content()
    for (const piece of pieces) content.add(Buffer.from(piece), 0, piece.length)
    return content
  }
  assert.equal(answer.next(read('one', ' two'), false).text(), '7\r\none two\r\n')
  assert.equal(answer.next(read(), false).text(), '')
  assert.deepEqual([answer.sated, answer.silenceMs], [false, 0])
  assert.equal(answer.next(read('three'), true).text(), '5\r\nthree\r\n0\r\n\r\n')
})

test('such an answer can not tell in its content that it broke off', () => {
  assert.equal(new FramedAnswer(new PassedAnswer(404, ''), true).fail('cut'), undefined)
})
