import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { headOf, parseResponse } from '../../http/heads.fixture.ts'
import { createIdReader, scopeTag } from '../../session/id-suffix.ts'
import { replicaTag } from '../../session/routing-claim.ts'
import { sampleParts } from '../dialect.fixture.ts'
import type { NamedSession, TranslatedAnswer } from '../dialect.ts'
import { type HeldSession, Invocation } from './invocation.ts'

const { keyring } = sampleParts
const nowMs = Date.UTC(2030, 0, 2, 3, 4, 5)
const scope = scopeTag(keyring, 1, 'app', 'my-endpoint')
const tag = replicaTag(keyring, 1, 'app', 'a')
const lives = { carried: undefined, isNew: false, ttlMs: 60_000, maxAgeMs: 0 }
const asked: NamedSession = { ...lives, key: 'no id yet', isNew: true }
const held: HeldSession = { ...lives, key: 'abc-suffix', containerId: 'abc' }

interface Asked {
  readonly session?: NamedSession
  readonly held?: HeldSession
  readonly streams?: boolean
}

/** What becomes of an answer with this status and these field lines. */
function answerTo({ session, streams = false, ...more }: Asked, status: number, ...lines: string[]) {
  const invocation = new Invocation({
    keyring,
    scope,
    ttlMs: 120_000,
    streams,
    query: '?q',
    session: session ?? more.held,
    held: more.held,
    lines: 'x-amzn-RequestId: 1\r\n',
    replacedFields: [],
    requestLines: '',
    contentCheck: undefined,
    writeRefusal: () => ({ status: 0, text: '' }),
  })
  assert.equal(invocation.targetForReplica, '/invocations?q')
  const head = parseResponse(headOf(`HTTP/1.1 ${status} X`, ...lines, 'Content-Length: 5'))
  return invocation.answer(head!, { replicaTag: tag, learn: () => undefined }, nowMs)
}

/** A field of the router's own in an answer. */
function told({ lines }: TranslatedAnswer, name: string): string | undefined {
  return new RegExp(`^${name}: ([^\\r]*)\\r$`, 'im').exec(lines)?.[1]
}

const NEW = 'X-Amzn-SageMaker-New-Session-Id'
const SESSION = 'X-Amzn-SageMaker-Session-Id'
const CLOSED = 'X-Amzn-SageMaker-Closed-Session-Id'

describe('a session that a container says it has made', () => {
  for (const [line, expiry, ttlMs] of [
    [`${NEW}: abc; Expires=2030-01-02T03:05:05Z`, '2030-01-02T03:05:05Z', 60_000],
    [`${NEW}: abc`, '2030-01-02T03:06:05Z', 120_000],
    [`${SESSION}: abc; Expires=2030-01-02T03:05:05Z`, '2030-01-02T03:05:05Z', 60_000],
    [`${SESSION}: abc`, '2030-01-02T03:06:05Z', 120_000],
    [`${NEW.toLowerCase()}: abc; Expires=nonsense`, '2030-01-02T03:06:05Z', 120_000],
    [`${NEW}: abc; Expires=2030-01-02T03:04:04Z`, '2030-01-02T03:04:04Z', 0],
  ] as const) {
    test(`by "${line}" lives until ${expiry}`, () => {
      const answer = answerTo({ session: asked }, 200, line)
      const [id = '', parameter] = told(answer, NEW)!.split('; ')
      assert.equal(parameter, `Expires=${expiry}`)
      assert.deepEqual(createIdReader(keyring)(id), {
        status: 'valid',
        id: 'abc',
        claim: { scope, replicaTag: tag, expiresAtMs: Date.parse(expiry) },
        keyId: 1,
      })
      assert.deepEqual(answer.created, { ...lives, key: id, ttlMs })
      assert.deepEqual([answer.closed, answer.content], [false, undefined])
    })
  }

  test('is one though nobody asked for it, where it has an expiry or the field that is for nothing else', () => {
    for (const line of [`${NEW}: abc`, `${SESSION}: abc; Expires=2030-01-02T03:05:05Z`])
      assert.notEqual(answerTo({}, 200, line).created, undefined)
    assert.equal(answerTo({}, 200, `${SESSION}: abc`).created, undefined)
  })

  test('is none where the container only echoes the id that it was asked with', () => {
    for (const line of [`${SESSION}: abc`, `${SESSION}: abc; Expires=2030-01-02T03:05:05Z`]) {
      const answer = answerTo({ held }, 200, line)
      assert.deepEqual([answer.created, told(answer, NEW)], [undefined, undefined])
    }
  })

  test('is none in an error, whatever that says', () => {
    for (const status of [302, 400, 500]) {
      const answer = answerTo({ session: asked }, status, `${NEW}: abc; Expires=2030-01-02T03:05:05Z`)
      assert.deepEqual([answer.created, told(answer, NEW)], [undefined, undefined])
      assert.equal(answer.content?.status, 424)
    }
  })

  for (const id of ['', 'a/b', 'a b', '-a', 'x'.repeat(192)]) {
    test(`makes the answer unusable where its id is ${JSON.stringify(id.slice(0, 20))}`, () => {
      const answer = answerTo({ session: asked }, 200, `${NEW}: ${id}; Expires=2030-01-02T03:05:05Z`)
      assert.deepEqual(
        [answer.created, told(answer, NEW), answer.content?.status],
        [undefined, undefined, 424],
      )
    })
  }
})

describe('a session that a container says it has closed', () => {
  for (const line of [`${CLOSED}: abc`, `${CLOSED.toLowerCase()}:  abc ; x`]) {
    test(`by "${line}" is closed, and told by the name that the client has for it`, () => {
      const answer = answerTo({ held }, 200, line)
      assert.deepEqual([answer.closed, told(answer, CLOSED)], [true, 'abc-suffix'])
    })
  }

  for (const [what, asker, status, line] of [
    ['it names another', { held }, 200, `${CLOSED}: other`],
    ['it names it as clients do', { held }, 200, `${CLOSED}: abc-suffix`],
    ['the request had none', {}, 200, `${CLOSED}: abc`],
    ['the answer is an error', { held }, 500, `${CLOSED}: abc`],
  ] as const) {
    test(`is left open where ${what}`, () => {
      const answer = answerTo(asker, status, line)
      assert.deepEqual([answer.closed, told(answer, CLOSED)], [false, undefined])
    })
  }
})

describe('an answer', () => {
  test('has what the router tells, and loses what only the router may tell', () => {
    for (const status of [200, 500]) {
      const answer = answerTo({}, status)
      assert.equal(told(answer, 'x-amzn-RequestId'), '1')
      for (const field of [NEW, SESSION, CLOSED, 'x-amzn-requestid', 'x-amzn-invoked-production-variant'])
        assert.ok(answer.droppedFields.includes(field.toLowerCase()), field)
    }
  })

  test('to a streaming call is an event stream, with the type of its content beside', () => {
    const { content } = answerTo(
      { streams: true },
      200,
      'Content-Type: text/csv',
      'ETag: "1"',
      'X-Own: kept',
      `${SESSION}: abc`,
    )
    const head = content!.head
    assert.match(head, /^HTTP\/1\.1 200 /)
    assert.match(head, /\r\nContent-Type: application\/vnd\.amazon\.eventstream\r\n/)
    assert.match(head, /\r\nX-Amzn-SageMaker-Content-Type: text\/csv\r\n/)
    assert.match(head, /\r\nX-Own: kept\r\n/)
    assert.doesNotMatch(head, /etag|content-length|session-id|transfer-encoding/i)
    assert.equal(head.match(/content-type: text/gi)?.length, 1)
  })

  test('to a streaming call is ModelError where it is an error, and nothing where it has no content', () => {
    const error = answerTo({ streams: true }, 500)
    assert.match(error.content!.head, /ModelError/)
    assert.equal(answerTo({ streams: true }, 204).content, undefined)
  })
})
