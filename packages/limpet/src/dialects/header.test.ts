import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sampleParts, sampleRequest, sampleService } from './dialect.fixture.ts'
import { createHeaderDialect } from './header.ts'

const nowMs = 1_700_000_000_000

describe('sessions that clients name', () => {
  test('are named by the first source that is present, with the lives of the config', () => {
    const service = sampleService({ session: ['header:x-a', 'query:b', 'cookie:c'], ttl: '5m', maxAge: '1h' })
    const dialect = createHeaderDialect(service, sampleParts)
    const all = dialect.name(sampleRequest({ 'x-a': 'one', cookie: 'c=three' }, '/?b=two'), nowMs)
    assert.deepEqual(all, {
      key: 'one',
      carried: undefined,
      isNew: false,
      ttlMs: 300_000,
      maxAgeMs: 3_600_000,
    })
    assert.equal(dialect.name(sampleRequest({ cookie: 'c=three' }, '/?b=two'), nowMs)?.key, 'two')
    assert.equal(dialect.name(sampleRequest({ cookie: 'c=three' }), nowMs)?.key, 'three')
    assert.equal(dialect.name(sampleRequest({ 'x-a': '' }), nowMs), undefined)
  })

  test('may be named by a module that was loaded, and by no other', () => {
    const service = sampleService({ session: 'module:/session.mjs' })
    const dialect = createHeaderDialect(service, sampleParts)
    assert.equal(dialect.name(sampleRequest({ 'x-tenant': 't' }), nowMs)?.key, 't')
    assert.throws(
      () => createHeaderDialect(service, { ...sampleParts, modules: new Map() }),
      /was not loaded/,
    )
  })

  test('let errors of a user function through', () => {
    const fail = () => {
      throw new Error('user')
    }
    const dialect = createHeaderDialect(sampleService({ session: fail }), sampleParts)
    assert.throws(() => dialect.name(sampleRequest(), nowMs), /^Error: user$/)
  })

  test('need no word to the client', () => {
    const dialect = createHeaderDialect(sampleService({}), sampleParts)
    const session = dialect.name(sampleRequest({ 'x-session-id': 'x' }), nowMs)!
    assert.equal(dialect.tell(session, { replicaTag: '0'.repeat(12), epoch: 1 }, nowMs, true), '')
  })
})
