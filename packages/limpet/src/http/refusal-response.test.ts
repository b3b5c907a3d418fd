import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RefusalCode, refusalCodes, refusals } from '../errors.ts'
import { parseResponse } from './heads.fixture.ts'
import { refusalResponse } from './refusal-response.ts'

function refuse(code: RefusalCode, accept = '', keepAlive = false, isHead = false) {
  const { text } = refusalResponse(code, { accept, keepAlive, isHead, lines: '' })
  const headEnd = text.indexOf('\r\n\r\n') + 4
  const head = parseResponse(text.slice(0, headEnd))
  assert.ok(head !== undefined, 'not a valid response')
  return { head, body: text.slice(headEnd), field: (name: string) => head.fields.find(name) }
}

describe('every refusal is a whole, valid response that no cache keeps', () => {
  for (const code of refusalCodes) {
    test(code, () => {
      const { head, body, field } = refuse(code)
      assert.equal(head.status, refusals[code].status)
      assert.notEqual(head.reason, 'undefined')
      assert.equal(head.contentLength, Buffer.byteLength(body))
      assert.equal(field('cache-control'), 'no-store')
      assert.ok(Date.now() - Date.parse(field('date') ?? '') < 5000)
      assert.equal(body, `${code}: ${refusals[code].message}\n`)
      const json = JSON.parse(refuse(code, 'application/json').body)
      assert.deepEqual(json, { error: { code, message: refusals[code].message } })
    })
  }
})

describe('JSON or text, as the client asks', () => {
  for (const [accept, json] of [
    ['', false],
    ['*/*', false],
    ['text/html, */*', false],
    ['application/json', true],
    ['Application/JSON;q=0.9', true],
    ['application/problem+json', true],
    ['application/json, text/event-stream', true],
    ['text/html, application/json', false],
    ['application/xml', false],
  ] as const)
    test(`Accept: ${accept}`, () => {
      const type = refuse('LIMPET_NO_REPLICA', accept).field('content-type')
      assert.equal(type, `${json ? 'application/json' : 'text/plain'}; charset=utf-8`)
    })
})

test('the client is told whether the connection goes on', () => {
  assert.equal(refuse('LIMPET_NO_REPLICA', '', true).field('connection'), 'keep-alive')
  assert.equal(refuse('LIMPET_NO_REPLICA', '', false).field('connection'), 'close')
})
test('the answer to HEAD has the length of the content, and none of it', () => {
  const { head, body } = refuse('LIMPET_NO_REPLICA', '', true, true)
  assert.equal(body, '')
  assert.equal(head.contentLength, refuse('LIMPET_NO_REPLICA').body.length)
})
test('405 lists the methods that are allowed (RFC 9110 §15.5.6)', () => {
  assert.match(refuse('LIMPET_METHOD_NOT_ALLOWED').field('allow') ?? '', /GET.*POST.*DELETE/)
  assert.equal(refuse('LIMPET_BAD_REQUEST').field('allow'), undefined)
})
test('503 says when to ask again', () => {
  assert.equal(refuse('LIMPET_NO_REPLICA').field('retry-after'), '1')
  assert.equal(refuse('LIMPET_LOOP').field('retry-after'), undefined)
})
