import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RefusalCode, refusalCodes, refusals } from '../../errors.ts'
import type { RefusalDetails } from '../../http/refusal-response.ts'
import { createRefusalWriter, errorResponse } from './refusals.ts'

const details: RefusalDetails = {
  accept: 'text/html',
  keepAlive: true,
  isHead: false,
  lines: 'limpet-x: y\r\n',
}

/** A refusal as its client reads it, for requests of these ids. */
function refused(
  code: RefusalCode,
  ids: readonly (string | number)[] = [],
  more: Partial<RefusalDetails> = {},
) {
  const { status, text } = createRefusalWriter(() => ids)(code, { ...details, ...more })
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { status, head, text: body, body: body === '' ? undefined : JSON.parse(body) }
}

const gone = [
  'LIMPET_SESSION_UNKNOWN',
  'LIMPET_SESSION_FORGED',
  'LIMPET_SESSION_FOREIGN',
  'LIMPET_SESSION_EXPIRED',
  'LIMPET_SESSION_CLOSED',
  'LIMPET_SESSION_GONE',
] as const

describe('a session that is not to be had', () => {
  test('is answered with one and the same 404, whatever is the reason: none tells that there is one', () => {
    for (const id of [null, 7, 'x'])
      for (const code of gone) {
        const { status, body } = refused(code, id === null ? [] : [id])
        assert.equal(status, 404)
        assert.deepEqual(body, { jsonrpc: '2.0', id, error: { code: -32001, message: 'Session not found' } })
      }
  })

  test('is told with heads that differ in nothing but the time', () => {
    const heads = gone.map((code) => refused(code).head.replace(/\r\nDate: [^\r]+/, ''))
    assert.equal(new Set(heads).size, 1)
  })
})

describe('a request that its replica may have executed', () => {
  const codes = ['LIMPET_REPLICA_RESET', 'LIMPET_RESPONSE_TIMEOUT', 'LIMPET_BAD_RESPONSE'] as const

  for (const code of codes)
    test(`has failed, and not its transport, after ${code}`, () => {
      const { status, body } = refused(code, [5])
      assert.equal(status, 200)
      const error = { code: -32603, message: refusals[code].message, data: { limpetCode: code } }
      assert.deepEqual(body, { jsonrpc: '2.0', id: 5, error })
    })

  test('is one of several, each of which gets its response', () => {
    const { status, body } = refused('LIMPET_REPLICA_RESET', [1, 'two', 3])
    assert.equal(status, 200)
    assert.deepEqual(
      body.map(({ id, error }: { id: unknown; error: { code: number } }) => [id, error.code]),
      [
        [1, -32603],
        ['two', -32603],
        [3, -32603],
      ],
    )
  })

  test('has the status of the failure where it is none that waits for a response', () => {
    for (const code of codes) {
      const { status, body } = refused(code)
      assert.equal(status, refusals[code].status)
      assert.deepEqual([body.id, body.error.code], [null, -32603])
    }
  })
})

describe('any other refusal', () => {
  const others = refusalCodes.filter(
    (code) => !(gone as readonly RefusalCode[]).includes(code) && refused(code, [1]).status !== 200,
  )

  test('has its own status, and says which it is', () => {
    assert.equal(others.length, refusalCodes.length - gone.length - 3)
    for (const code of others)
      for (const ids of [[], [1]]) {
        const { status, body, head } = refused(code, ids)
        assert.equal(status, refusals[code].status, code)
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} \\w`))
        const error = { code: -32000, message: refusals[code].message, data: { limpetCode: code } }
        assert.deepEqual(body, { jsonrpc: '2.0', id: ids[0] ?? null, error })
      }
  })

  test('is never a 404, of which clients make a session that is lost', () => {
    // These two are for requests that this dialect never sees.
    const strangers: readonly RefusalCode[] = ['LIMPET_NO_SERVICE', 'LIMPET_UNKNOWN_OPERATION']
    for (const code of others) assert.equal(refused(code).status === 404, strangers.includes(code), code)
  })

  test('says when to come again where no replica is there now', () => {
    for (const code of ['LIMPET_NO_REPLICA', 'LIMPET_SESSION_BUSY', 'LIMPET_SESSIONS_FULL'] as const)
      assert.match(refused(code).head, /\r\nRetry-After: 1(?:\r\n|$)/)
  })
})

describe('the head of a refusal', () => {
  test('tells the length and the type of its content, and what it was given to tell', () => {
    for (const code of refusalCodes) {
      const { head, text } = refused(code, ['ä€😀"\r\n', 2])
      assert.equal(Number(/\r\nContent-Length: (\d+)/.exec(head)?.[1]), Buffer.byteLength(text))
      assert.match(head, /\r\nContent-Type: application\/json\r\n/)
      assert.match(head, /\r\nlimpet-x: y\r\n/)
    }
  })

  test('comes alone for HEAD', () => {
    const { head, text } = refused('LIMPET_NO_REPLICA', [], { isHead: true })
    assert.match(head, /^HTTP\/1\.1 503 /)
    assert.equal(text, '')
  })
})

describe('an error response', () => {
  for (const id of [
    'x',
    '',
    'ä€😀',
    '"\\',
    '\r\n\r\nHTTP/1.1 200 OK',
    '\u2028\u0000\ud800',
    0,
    -1.5,
    12345678901,
    null,
  ]) {
    test(`to ${JSON.stringify(id)} is one line of ASCII, and names it`, () => {
      const text = errorResponse(id, 'LIMPET_REPLICA_RESET')
      assert.match(text, /^[\x20-\x7e]+$/)
      assert.equal(JSON.parse(text).id, id)
    })
  }
})
