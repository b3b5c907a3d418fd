import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRandom, jsonRpc, sampleCalls, tag } from './mcp.fixture.ts'
import { openState, sealState } from './request-state.ts'

const { stateIds, sessionIds } = sampleCalls()
const seal = (state: string) => stateIds.seal(state, tag, undefined)
const home = { keyId: 1, replicaTag: tag, epoch: 0 }

/** A retry that brings a state, as a client writes it. */
const retry = (requestState: unknown, more: object = {}) =>
  jsonRpc({ id: 1, method: 'tools/call', params: { name: 't', requestState, ...more } })

/** The state of a content. */
const stateIn = (content: Buffer) => JSON.parse(content.toString('utf8')).params.requestState

describe('the state of a retry', () => {
  for (const state of [
    's',
    'a-b--c-',
    'eyJhIjoxfQ==',
    "!#$%&'()*+,./:;<=>?@[]^_`{|}~",
    'x'.repeat(1024),
    seal('x')!,
  ]) {
    test(`${state.slice(0, 30)} leads to its replica, which gets it as it gave it`, () => {
      const content = retry(seal(state))
      const { length } = content
      assert.deepEqual(openState(content, stateIds, undefined)?.carried, home)
      assert.equal(content.length, length)
      const message = JSON.parse(content.toString('utf8'))
      assert.deepEqual(message, {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 't', requestState: state },
      })
    })
  }

  test('is changed alone: what stands before and behind it stays as it is, byte by byte', () => {
    const before = '{ "jsonrpc" : "2.0",\n"params":{"ä€":"\\u0041😀","requestState" : "'
    const behind = '"\t,"arguments":{"requestState":"x"}},"id":1} '
    const content = Buffer.from(before + seal('state') + behind)
    assert.deepEqual(openState(content, stateIds, undefined)?.carried, home)
    assert.equal(content.toString('utf8'), `${before}state"${' '.repeat(65)}${behind.slice(1)}`)
    assert.equal(JSON.parse(content.toString('utf8')).params.requestState, 'state')
  })

  for (const [what, content] of [
    ['is none of ours', retry('plain')],
    ['was altered', retry(`${seal('state')!.slice(0, -1)}x`)],
    ['is empty', retry('')],
    ['is no text', retry({ a: 1 })],
    ['is not there', jsonRpc({ id: 1, method: 'tools/call', params: {} })],
    [
      'stands elsewhere',
      jsonRpc({ id: 1, requestState: seal('s'), params: { arguments: { requestState: seal('s') } } }),
    ],
    ["is a session's id", retry(sessionIds.seal('state', tag, undefined))],
    ["is another principal's", retry(stateIds.seal('state', tag, 'alice'))],
    ['is longer than any that was given', retry('x'.repeat(5000) + seal('s'))],
    ['comes with several messages', Buffer.from(`[${retry(seal('s'))}]`)],
    ['does not end', Buffer.from(`{"params":{"requestState":"${seal('s')}`)],
    ['is written with escapes that are none', Buffer.from(`{"params":{"requestState":"\\x${seal('s')}"}}`)],
    ['stands in nothing', Buffer.alloc(0)],
  ] as const) {
    test(`leads nowhere where it ${what}, and is left to the replica as it is`, () => {
      const copy = Buffer.from(content)
      assert.equal(openState(content, stateIds, undefined), undefined)
      assert.deepEqual(content, copy)
    })
  }

  for (const [what, write] of [
    ['slashes', (text: string) => text.replaceAll('/', '\\/')],
    [
      'what HTML knows',
      (text: string) => text.replace(/[+<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    ],
    [
      'all there is',
      (text: string) => text.replace(/./g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    ],
  ] as const) {
    test(`leads home from clients that escape ${what}`, () => {
      const state = "a/b+c<d>e&f'g=="
      const content = Buffer.from(`{"params":{"requestState":"${write(seal(state)!)}","x":1}}`)
      const { length } = content
      assert.deepEqual(openState(content, stateIds, undefined)?.carried, home)
      assert.deepEqual(JSON.parse(content.toString('utf8')), { params: { requestState: state, x: 1 } })
      assert.equal(content.length, length)
    })
  }

  test('is told to its principal alone', () => {
    const content = retry(stateIds.seal('state', tag, 'alice'))
    assert.equal(openState(content, stateIds, 'bob'), undefined)
    assert.deepEqual(openState(content, stateIds, 'alice')?.carried, home)
    assert.equal(stateIn(content), 'state')
  })
})

describe('the state that a result tells', () => {
  test('gets a suffix, and all else stays as it is', () => {
    const text = '{ "result":{"ä":"€","requestState": "state" ,"resultType":"input_required"},"id":1}'
    const sealed = sealState(Buffer.from(text), seal).toString('utf8')
    assert.equal(sealed, text.replace('"state"', `"${seal('state')}"`))
  })

  for (const [what, text] of [
    ['is not there', '{"result":{"content":[]},"id":1}'],
    ['is no text', '{"result":{"requestState":5}}'],
    ['is empty', '{"result":{"requestState":""}}'],
    ['is that of a request', '{"params":{"requestState":"s"}}'],
    ['holds escapes, which a client may write in another way', '{"result":{"requestState":"a\\/b"}}'],
    ['holds more than ASCII', '{"result":{"requestState":"ä"}}'],
    ['is too long', `{"result":{"requestState":"${'x'.repeat(65_537)}"}}`],
    ['breaks off', '{"result":{"requestState":"sta'],
  ] as const) {
    test(`gets none where it ${what}`, () => {
      const message = Buffer.from(text)
      assert.equal(sealState(message, seal), message)
      assert.equal(message.toString('utf8'), text)
    })
  }

  test('comes back to its replica as it was, whatever it was', () => {
    const random = createRandom(7)
    for (let round = 0; round < 500; round++) {
      const length = 1 + random(200)
      const state = Buffer.from(Array.from({ length }, () => 32 + random(95)))
        .toString('latin1')
        .replace(/["\\]/g, '-')
      const result = jsonRpc({ id: round, result: { requestState: state } })
      const { requestState } = JSON.parse(sealState(result, seal).toString('utf8')).result
      assert.notEqual(requestState, state)
      const content = retry(requestState)
      assert.deepEqual(openState(content, stateIds, undefined)?.carried, home)
      assert.equal(stateIn(content), state)
    }
  })
})
