import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mostRecordLength, recordLength, type SessionRecord, withSetting } from './session-record.ts'

const record: SessionRecord = {
  epoch: 3,
  ttlMs: 60_000,
  replica: 1,
  idAtReplica: 'abc',
  opening: '{}',
  settings: [
    ['a', '1'],
    ['b', '2'],
  ],
}

describe('a record', () => {
  test('is as long as all that is in it', () => {
    assert.equal(recordLength(record), 3 + 2 + 4)
    assert.equal(recordLength({ ...record, settings: [] }), 5)
  })

  for (const [what, change, settings] of [
    [
      'added, behind the others',
      { name: 'c', content: '3' },
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    ],
    [
      'changed, and is the last then',
      { name: 'a', content: '9' },
      [
        ['b', '2'],
        ['a', '9'],
      ],
    ],
    ['withdrawn', { name: 'a', content: undefined }, [['b', '2']]],
    [
      'withdrawn that was not there',
      { name: 'c', content: undefined },
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
  ] as const) {
    test(`may have a setting ${what}`, () => {
      const before = structuredClone(record)
      assert.deepEqual(withSetting(record, change), { ...record, settings })
      assert.deepEqual(record, before)
    })
  }

  test('may not become longer than it may be', () => {
    const room = mostRecordLength - recordLength(record)
    const fits = withSetting(record, { name: 'c', content: 'x'.repeat(room - 1) })
    assert.equal(recordLength(fits!), mostRecordLength)
    assert.equal(withSetting(record, { name: 'c', content: 'x'.repeat(room) }), undefined)
    assert.notEqual(withSetting(fits!, { name: 'c', content: undefined }), undefined)
  })
})
