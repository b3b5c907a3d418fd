import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readMessage } from './message.ts'

const read = (text: string) => readMessage(Buffer.from(text))
const nothing = { method: undefined, ids: [], uri: undefined }

describe("what a client's content says", () => {
  for (const [what, text, expected] of [
    ['of a request', '{"id":1,"method":"tools/call"}', { method: 'tools/call', ids: [1], uri: undefined }],
    ['of an id that is text', '{"id":"ä","method":"ping"}', { method: 'ping', ids: ['ä'], uri: undefined }],
    [
      'of an id that is nothing much',
      '{"id":0,"method":"ping"}',
      { method: 'ping', ids: [0], uri: undefined },
    ],
    ['of a notification', '{"method":"n"}', { method: 'n', ids: [], uri: undefined }],
    ['of an id that is none', '{"id":null,"method":"n"}', { method: 'n', ids: [], uri: undefined }],
    ['of an id of another type', '{"id":{"a":1},"method":"n"}', { method: 'n', ids: [], uri: undefined }],
    [
      'of a resource',
      '{"id":1,"method":"resources/subscribe","params":{"uri":"file:///a"}}',
      { method: 'resources/subscribe', ids: [1], uri: 'file:///a' },
    ],
    [
      'of a resource of another type',
      '{"id":1,"method":"m","params":{"uri":5}}',
      { method: 'm', ids: [1], uri: undefined },
    ],
    [
      'of params that are none',
      '{"id":1,"method":"m","params":null}',
      { method: 'm', ids: [1], uri: undefined },
    ],
    ['of a response, which nobody answers', '{"id":1,"result":{}}', nothing],
    ['of a method of another type', '{"id":1,"method":["m"]}', nothing],
    [
      'of several messages: the requests among them',
      '[{"id":1,"method":"m"},{"method":"n"},{"id":"2","method":"m"},{"id":3,"result":{}},null,5]',
      { ...nothing, ids: [1, '2'] },
    ],
    ['of no messages', '[]', nothing],
    ['of nothing', '', nothing],
    ['of null', 'null', nothing],
    ['of text', '"initialize"', nothing],
    ['of what breaks off', '{"id":1,"method":"m"', nothing],
    [
      'of what comes twice: the last, as for the replica',
      '{"id":1,"id":2,"method":"m","method":"n"}',
      { method: 'n', ids: [2], uri: undefined },
    ],
    ['of too deep a nesting', `${'['.repeat(200_000)}`, nothing],
  ] as const) {
    test(what, () => assert.deepEqual(read(text), expected))
  }

  test('is nothing that comes from elsewhere than from the message itself', () => {
    assert.deepEqual(read('{"__proto__":{"id":1,"method":"m"}}'), nothing)
  })

  test('is read of bytes that are no UTF-8, too', () => {
    const content = Buffer.concat([Buffer.from('{"method":"m","id":"'), Buffer.of(0xff), Buffer.from('"}')])
    assert.deepEqual(readMessage(content).ids, ['\ufffd'])
  })
})
