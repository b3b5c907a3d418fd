import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feed, newRequestStream } from './parse-request.ts'

const parsed = (...pieces: readonly string[]) => {
  const stream = newRequestStream()
  for (const piece of pieces) feed(stream, piece)
  return stream.requests
}

test('the replica reads bodies of known length and chunked ones, and what follows as the next request', () => {
  const bytes =
    'POST /1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;e\r\nx\r\n2\r\nyz\r\n0\r\nT: 1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n'
  for (const pieces of [[bytes], [...bytes]]) {
    const requests = parsed(...pieces)
    assert.deepEqual(
      requests.map(({ target, body, complete }) => [target, body, complete]),
      [
        ['/1', 'abc', true],
        ['/2', 'xyz', true],
        ['/3', '', true],
      ],
    )
    assert.deepEqual(requests[1]?.trailers, [['T', '1']])
  }
})

test('the replica falls for what a careless server falls for', () => {
  assert.equal(parsed('GET /1 HTTP/1.1\nHost: a\n\nGET /2 HTTP/1.1\n\n').length, 2)
  const smuggled = parsed(
    'POST /1 HTTP/1.1\r\nContent-Length: 40\r\nTransfer-Encoding : xchunked\r\n\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n',
  )
  assert.deepEqual(
    smuggled.map(({ target }) => target),
    ['/1', '/2'],
  )
})

test('half a request is not complete', () => {
  assert.equal(parsed('POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab')[0]?.complete, false)
  assert.equal(parsed('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')[0]?.complete, false)
  assert.equal(parsed('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')[0]?.complete, false)
  assert.equal(parsed('GET / HTTP/1.1\r\nHost: a\r\n').length, 0)
})
