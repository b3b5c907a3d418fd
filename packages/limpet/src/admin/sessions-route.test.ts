import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerSessions } from './sessions-route.ts'
import { memorySessions, sampleSession } from './sessions-view.fixture.ts'

const ada = sampleSession('chat', 'ada')
const bob = sampleSession('chat', 'bob', { replica: 'b', idleMs: 90_000 })
const eve = sampleSession('docs', 'eve é&=')

async function ask(target: string, method = 'GET', view = memorySessions(['chat', 'docs'], [ada, bob, eve])) {
  const { status, body, headers } = await answerSessions(view, method, new URL(target, 'http://a'))
  return { status, value: JSON.parse(body), headers }
}

describe('sessions at the admin listener', () => {
  const lists: [query: string, hashes: string[], total: number, truncated: boolean][] = [
    ['', [ada.hash, bob.hash, eve.hash], 3, false],
    ['?service=chat', [ada.hash, bob.hash], 2, false],
    ['?service=chat&replica=b', [bob.hash], 1, false],
    ['?idle=1m30s', [bob.hash], 1, false],
    ['?replica=gone', [], 0, false],
    ['?limit=2', [ada.hash, bob.hash], 3, true],
  ]
  for (const [query, hashes, total, truncated] of lists) {
    test(`are listed by "${query}"`, async () => {
      const { status, value } = await ask(`/sessions${query}`)
      const found = value.sessions.map(({ hash }: { hash: string }) => hash)
      assert.deepEqual([status, found, value.total, value.truncated], [200, hashes, total, truncated])
    })
  }

  test('are at most 100 unless more are asked for', async () => {
    const many = Array.from({ length: 101 }, (_, at) => sampleSession('chat', `${at}`))
    const view = memorySessions(['chat'], many)
    assert.equal((await ask('/sessions', 'GET', view)).value.sessions.length, 100)
    assert.equal((await ask('/sessions?limit=1000', 'GET', view)).value.sessions.length, 101)
  })

  test('are found by hash and by the id that their client knows', async () => {
    assert.deepEqual((await ask(`/sessions/${ada.hash}`)).value, ada)
    assert.deepEqual((await ask('/sessions?service=chat&id=ada')).value, ada)
    assert.deepEqual((await ask(`/sessions?service=docs&id=${encodeURIComponent('eve é&=')}`)).value, eve)
    assert.equal((await ask('/sessions?service=docs&id=ada')).value.code, 'LIMPET_ADMIN_NO_SESSION')
  })

  test('need no service where there is one', async () => {
    assert.deepEqual((await ask('/sessions?id=ada', 'GET', memorySessions(['chat'], [ada]))).value, ada)
  })

  test('are ended, told as they were, and closed from then on', async () => {
    const view = memorySessions(['chat', 'docs'], [ada, bob])
    assert.deepEqual((await ask(`/sessions/${ada.hash}`, 'DELETE', view)).value, ada)
    assert.deepEqual((await ask('/sessions?service=chat&id=bob', 'DELETE', view)).value, bob)
    for (const { hash } of [ada, bob]) assert.equal((await view.find(hash))?.replica, null)
  })

  const faults: [target: string, status: number, code: string, detail: RegExp, method?: string][] = [
    ['/sessions?service=no', 404, 'LIMPET_ADMIN_NO_SERVICE', /"no"; there are: chat, docs/],
    ['/sessions?service=no&id=a', 404, 'LIMPET_ADMIN_NO_SERVICE', /chat, docs/],
    ['/sessions?id=ada', 400, 'LIMPET_ADMIN_SERVICE_NEEDED', /chat, docs/],
    ['/sessions?service=chat&id=', 400, 'LIMPET_ADMIN_QUERY', /empty/],
    ['/sessions?idle=5', 400, 'LIMPET_ADMIN_QUERY', /duration/],
    ['/sessions?limit=0', 400, 'LIMPET_ADMIN_QUERY', /1 to 1000/],
    ['/sessions?limit=1001', 400, 'LIMPET_ADMIN_QUERY', /1 to 1000/],
    ['/sessions?limit=1e2', 400, 'LIMPET_ADMIN_QUERY', /1 to 1000/],
    ['/sessions?servce=chat', 400, 'LIMPET_ADMIN_QUERY', /"servce" is not known/],
    ['/sessions?service=chat&service=docs', 400, 'LIMPET_ADMIN_QUERY', /"service" stands there twice/],
    ['/sessions?id=a&replica=b', 400, 'LIMPET_ADMIN_QUERY', /"replica" is not known/],
    ['/sessions/', 400, 'LIMPET_ADMIN_QUERY', /32/],
    [`/sessions/${ada.hash.toUpperCase()}`, 400, 'LIMPET_ADMIN_QUERY', /32/],
    [`/sessions/${ada.hash}?id=a`, 400, 'LIMPET_ADMIN_QUERY', /"id" is not known/],
    [`/sessions/${'0'.repeat(32)}`, 404, 'LIMPET_ADMIN_NO_SESSION', /expired/],
    [`/sessions/${'0'.repeat(32)}`, 404, 'LIMPET_ADMIN_NO_SESSION', /expired/, 'DELETE'],
    ['/sessions', 405, 'LIMPET_ADMIN_METHOD', /GET, HEAD/, 'DELETE'],
    ['/sessions?service=chat', 405, 'LIMPET_ADMIN_METHOD', /GET, HEAD/, 'DELETE'],
    [`/sessions/${ada.hash}`, 405, 'LIMPET_ADMIN_METHOD', /DELETE/, 'POST'],
  ]
  for (const [target, status, code, detail, method] of faults) {
    test(`refuse ${method ?? 'GET'} ${target}`, async () => {
      const { value, ...answer } = await ask(target, method)
      assert.deepEqual([answer.status, value.status, value.code], [status, status, code])
      assert.match(value.detail, detail)
      if (status === 405) assert.equal(answer.headers?.allow, /GET, HEAD(?:, DELETE)?/.exec(value.detail)![0])
    })
  }
})
