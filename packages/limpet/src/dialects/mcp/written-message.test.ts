import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonRpc } from './mcp.fixture.ts'
import { WrittenMessage } from './written-message.ts'

const call = { id: 5, method: 'resources/subscribe', params: { uri: 'file:///a' } }
const nothing = { method: undefined, ids: [], uri: undefined }

describe('what a request says in its content', () => {
  test('is there once the content is', () => {
    const written = new WrittenMessage(1000)
    assert.equal(written.mostBytes, 1000)
    const content = jsonRpc(call)
    written.read(content)
    assert.equal(written.bytes, content)
    assert.deepEqual(written.message, { method: 'resources/subscribe', ids: [5], uri: 'file:///a' })
  })

  test('is nothing where there is more of it than may be looked into', () => {
    const written = new WrittenMessage(1000)
    written.read(undefined)
    assert.deepEqual([written.bytes, written.message, written.idsOf()], [undefined, nothing, []])
  })

  test('is nothing where no content came', () => {
    const written = new WrittenMessage(1000)
    assert.deepEqual([written.bytes, written.message], [undefined, nothing])
  })

  test('tells whoever asks later which requests wait for responses, and is parsed once for all', () => {
    const written = new WrittenMessage(1000)
    // As those have it who refuse a request, or end its stream.
    const { idsOf } = written
    written.read(Buffer.from('[{"id":1,"method":"m"},{"method":"n"},{"id":"2","method":"m"}]'))
    assert.deepEqual(idsOf(), [1, '2'])
    assert.equal(written.message, written.message)
  })

  test('is parsed only where something is asked of it', (t) => {
    const parse = t.mock.method(JSON, 'parse')
    const written = new WrittenMessage(1000)
    written.read(jsonRpc(call))
    assert.equal(parse.mock.callCount(), 0)
    written.idsOf()
    written.idsOf()
    assert.equal(parse.mock.callCount(), 1)
  })
})
