import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SessionRecord } from './session-record.ts'
import { ownerOf, parseShared, type ReplicaNames, sharedText } from './shared-record.ts'

/** What a router knows that has these replicas of a service `chat`; their ids are their places from `firstId` on. */
function routerOf(replicas: string, firstId: number): ReplicaNames {
  return {
    nameOf: (id) => {
      const replica = replicas[id - firstId]
      return replica === undefined ? undefined : { service: 'chat', replica }
    },
    findId: (service, replica) => {
      const at = replicas.indexOf(replica)
      return service === 'chat' && at >= 0 ? at + firstId : undefined
    },
  }
}

const one = routerOf('abc', 1)
const other = routerOf('cb', 70)
const record: SessionRecord = {
  epoch: 3,
  ttlMs: 60_000,
  replica: 2,
  idAtReplica: 'id~1',
  opening: '{"ä":"€ \\u0000"}',
  settings: [
    ['b', '{"b":2}'],
    ['a', '{"a":"1"}'],
  ],
}
const text = sharedText(record, one)!

describe('a record that routers share', () => {
  test('is the same for all, of a replica that each knows by an id of its own', () => {
    assert.deepEqual(parseShared(text, one), record)
    assert.deepEqual(parseShared(text, other), { ...record, replica: 71 })
    assert.equal(sharedText({ ...record, replica: 71 }, other), text)
  })

  test('is none where its replica has no name any more', () => {
    assert.equal(sharedText({ ...record, replica: 4 }, one), undefined)
  })

  test('is none for a router that does not know its replica', () => {
    assert.equal(parseShared(text, routerOf('a', 1)), undefined)
    assert.equal(parseShared(text.replace('"chat"', '"mail"'), one), undefined)
  })

  const changed = (change: object) => JSON.stringify({ ...JSON.parse(text), ...change })
  for (const [what, broken] of [
    ['nothing', ''],
    ['no JSON', text.slice(0, -1)],
    ['no object', 'null'],
    ['several', `[${text}]`],
    ['an epoch that is none', changed({ epoch: 1.5 })],
    ['an epoch that is text', changed({ epoch: '1' })],
    ['no time', changed({ ttlMs: undefined })],
    ['an id that ends a field line', changed({ idAtReplica: 'a\r\nX-Evil: 1' })],
    ['an id with a space', changed({ idAtReplica: 'a b' })],
    ['an id beyond ASCII', changed({ idAtReplica: 'ä' })],
    ['an id of nothing', changed({ idAtReplica: '' })],
    ['an id that is no text', changed({ idAtReplica: ['a'] })],
    ['no opening', changed({ opening: undefined })],
    ['an opening that is no text', changed({ opening: {} })],
    ['an opening that is no JSON', changed({ opening: '{' })],
    ['an opening that is no message', changed({ opening: '5' })],
    ['a setting that is no JSON', changed({ settings: [['a', '{']] })],
    ['no settings', changed({ settings: undefined })],
    ['settings that are no list', changed({ settings: {} })],
    ['a setting of three parts', changed({ settings: [['a', 'b', 'c']] })],
    ['a setting that is no text', changed({ settings: [['a', 1]] })],
    ['no home', changed({ home: undefined })],
    ['a home that is text', changed({ home: 'ab' })],
    ['a home without a service', changed({ home: ['b'] })],
  ] as const) {
    test(`is none that holds ${what}`, () => assert.equal(parseShared(broken, one), undefined))
  }

  test('holds nothing else than what a router writes into it', () => {
    assert.deepEqual(parseShared(changed({ replica: 1, more: 1 }), one), record)
  })
})

describe('who wrote a record', () => {
  test('is told by the name that it has for the session, whatever is set for that', () => {
    const owner = ownerOf(record)
    assert.match(owner, /^[0-9a-f]{16}$/)
    assert.equal(ownerOf({ ...record, settings: [], epoch: 9 }), owner)
    assert.notEqual(ownerOf({ ...record, idAtReplica: 'id~2' }), owner)
  })

  test('gives nothing away of that name', () => assert.equal(ownerOf(record).includes('id'), false))
})
