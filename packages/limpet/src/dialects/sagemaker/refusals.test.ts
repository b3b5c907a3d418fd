import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RefusalCode, refusalCodes, refusals } from '../../errors.ts'
import type { RefusalDetails } from '../../http/refusal-response.ts'
import { asciiJson } from '../ascii-json.ts'
import { createRefusalWriter, type Explained, errorOf } from './refusals.ts'

const details: RefusalDetails = {
  accept: 'text/html',
  keepAlive: true,
  isHead: false,
  lines: 'limpet-x: y\r\n',
}

/** A refusal as its client reads it. */
function refused(
  code: RefusalCode,
  { streams = false, explanation }: Partial<Pick<Explained, 'streams' | 'explanation'>> = {},
) {
  const write = createRefusalWriter({ lines: 'x-amzn-RequestId: 1\r\n', streams, explanation })
  const { status, text } = write(code, details)
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { status, head, body: JSON.parse(body), type: /\r\nx-amzn-ErrorType: (\w+)\r\n/.exec(head)?.[1] }
}

describe('a refusal in the way of the API', () => {
  for (const [code, type, status] of [
    ['LIMPET_SESSION_EXPIRED', 'ValidationError', 400],
    ['LIMPET_SESSION_CLOSED', 'ValidationError', 400],
    ['LIMPET_SESSION_UNKNOWN', 'ValidationError', 400],
    ['LIMPET_SESSION_FORGED', 'ValidationError', 400],
    ['LIMPET_SESSION_FOREIGN', 'ValidationError', 400],
    ['LIMPET_SESSION_LOST', 'ValidationError', 400],
    ['LIMPET_BAD_SESSION_ID', 'ValidationError', 400],
    ['LIMPET_BAD_PARAMETER', 'ValidationError', 400],
    ['LIMPET_UNKNOWN_ENDPOINT', 'ValidationError', 400],
    ['LIMPET_BAD_FRAMING', 'ValidationError', 400],
    ['LIMPET_BODY_TIMEOUT', 'ValidationError', 400],
    ['LIMPET_BODY_TOO_LARGE', 'ValidationError', 400],
    ['LIMPET_UNKNOWN_OPERATION', 'UnknownOperationException', 404],
    ['LIMPET_NOT_READY', 'ModelNotReadyException', 429],
    ['LIMPET_NO_REPLICA', 'ServiceUnavailable', 503],
    ['LIMPET_EXHAUSTED', 'ServiceUnavailable', 503],
    ['LIMPET_SESSIONS_FULL', 'ServiceUnavailable', 503],
    ['LIMPET_SESSION_BUSY', 'ServiceUnavailable', 503],
    ['LIMPET_CONNECT_TIMEOUT', 'ServiceUnavailable', 503],
    ['LIMPET_RESPONSE_TIMEOUT', 'ModelError', 424],
    ['LIMPET_REPLICA_RESET', 'ModelError', 424],
    ['LIMPET_BAD_RESPONSE', 'ModelError', 424],
    ['LIMPET_INTERNAL', 'InternalFailure', 500],
    ['LIMPET_SIGNATURE_MISSING', 'MissingAuthenticationTokenException', 403],
    ['LIMPET_SIGNATURE_INCOMPLETE', 'IncompleteSignatureException', 400],
    ['LIMPET_SIGNATURE_UNKNOWN_KEY', 'UnrecognizedClientException', 403],
    ['LIMPET_SIGNATURE_MISMATCH', 'InvalidSignatureException', 403],
    ['LIMPET_SIGNATURE_CHUNKED', 'MissingContentLength', 411],
  ] as const) {
    test(`of ${code} is ${type} with ${status}`, () => {
      const answer = refused(code)
      assert.deepEqual([answer.type, answer.status], [type, status])
      assert.match(answer.head, new RegExp(`^HTTP/1\\.1 ${status} \\w`))
      assert.ok(String(answer.body.Message).includes(refusals[code].message))
      assert.equal(answer.body.LimpetCode, code)
    })
  }

  test('is one for every code there is, with what all answers tell and the length it has', () => {
    for (const code of refusalCodes) {
      const { head, body, type } = refused(code)
      assert.match(type ?? '', /^[A-Z]\w+$/, code)
      assert.match(head, /\r\nx-amzn-RequestId: 1\r\n/)
      assert.match(head, /\r\nlimpet-x: y\r\n/)
      assert.match(head, /\r\nContent-Type: application\/json\r\n/)
      assert.equal(Number(/\r\nContent-Length: (\d+)/.exec(head)?.[1]), asciiJson(body).length)
    }
  })

  test('is a service that is unavailable to streaming calls, which know no model that is not ready', () => {
    const { type, status } = refused('LIMPET_NOT_READY', { streams: true })
    assert.deepEqual([type, status], ['ServiceUnavailable', 503])
    assert.equal(refused('LIMPET_SESSION_LOST', { streams: true }).type, 'ValidationError')
  })

  test('may say more than its code does, of that code alone', () => {
    const explanation = { code: 'LIMPET_BAD_PARAMETER', message: 'Variant Zürich not found.' } as const
    assert.equal(refused('LIMPET_BAD_PARAMETER', { explanation }).body.Message, 'Variant Zürich not found.')
    const { message } = refusals.LIMPET_SIGNATURE_MISMATCH
    assert.equal(refused('LIMPET_SIGNATURE_MISMATCH', { explanation }).body.Message, message)
  })

  test('of a container that gave no answer has an original status of 0', () => {
    const { body } = refused('LIMPET_REPLICA_RESET')
    const { message } = refusals.LIMPET_REPLICA_RESET
    assert.deepEqual(body, {
      Message: `Received server error (0) from primary with message "${message}"`,
      OriginalStatusCode: 0,
      OriginalMessage: message,
      LogStreamArn: '',
      LimpetCode: 'LIMPET_REPLICA_RESET',
    })
  })

  test('of what is the fault of a client is never the fault of the router, nor the other way round', () => {
    for (const code of refusalCodes) {
      const { type, status } = errorOf(code)
      if (type === 'ValidationError') assert.equal(status, 400, code)
      if (type === 'InternalFailure') assert.ok(refusals[code].status >= 500, code)
    }
  })
})

test('JSON for clients is ASCII, and reads as what it was made of', () => {
  const value = { text: 'Zürich "1"\n\u007f\u2028\ud83d\ude00\ud800' }
  const json = asciiJson(value)
  assert.match(json, /^[\x20-\x7e]+$/)
  assert.deepEqual(JSON.parse(json), value)
})
