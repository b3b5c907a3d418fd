import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResponse } from './parse-response.ts'

const bodyOf = (bytes: string, ended = false, isHead = false) => {
  const result = parseResponse(bytes, 0, isHead, ended)
  if (result.kind !== 'response') return result.kind
  const { body, framing, complete } = result.response
  return `${framing} ${JSON.stringify(body)}${complete ? '' : ' cut'}`
}
const ok = 'HTTP/1.1 200 OK\r\n'

test('an answer ends where RFC 9112 section 6.3 says', () => {
  assert.equal(bodyOf(`${ok}Content-Length: 2\r\n\r\nokHTTP`), 'length "ok"')
  assert.equal(bodyOf(`${ok}Content-Length: 5\r\n\r\nok`), 'more')
  assert.equal(bodyOf(`${ok}Content-Length: 5\r\n\r\nok`, true), 'length "ok" cut')
  assert.equal(bodyOf(`${ok}Content-Length: 5\r\n\r\n`, false, true), 'none ""')
  assert.equal(bodyOf(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`), 'chunked "ok"')
  assert.equal(bodyOf(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: 1\r\n\r\n`), 'chunked "ok"')
  assert.equal(bodyOf(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`, true), 'chunked "ok" cut')
  assert.equal(bodyOf(`${ok}\r\nok`), 'more')
  assert.equal(bodyOf(`${ok}\r\nok`, true), 'close "ok"')
  assert.equal(bodyOf('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'), 'none ""')
  assert.equal(bodyOf('HTTP/1.'), 'more')
})

test('an answer that clients could read in two ways is malformed', () => {
  for (const bytes of [
    'hello',
    'HTTP/1.1 99 Low\r\n\r\n',
    'HTTP/2.0 200 OK\r\n\r\n',
    `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`,
    `${ok}Content-Length: +2\r\n\r\nok`,
    `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok`,
    `${ok}Transfer-Encoding: gzip\r\n\r\nok`,
    `${ok}X : 1\r\n\r\n`,
    `${ok}X: 1\r\n 2\r\n\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n`,
  ]) {
    assert.equal(bodyOf(bytes), 'malformed', JSON.stringify(bytes))
  }
})
