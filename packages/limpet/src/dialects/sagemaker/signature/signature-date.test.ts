import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signatureDate } from './signature-date.ts'

function dateOf(fields: Readonly<Record<string, string>>) {
  return signatureDate({ method: 'GET', target: '/', header: (name) => fields[name] })
}

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const stamp = '20260102T030405Z'

test('X-Amz-Date goes before Date, which may be written in three ways', () => {
  assert.deepEqual(dateOf({ 'x-amz-date': stamp, date: 'x' }), { field: 'x-amz-date', stamp, atMs })
  for (const date of [stamp, 'Fri, 02 Jan 2026 03:04:05 GMT', 'Fri, 02 Jan 2026 03:04:05 -0000'])
    assert.deepEqual(dateOf({ date }), { field: 'date', stamp, atMs })
})

for (const date of [
  '',
  '2026-01-02T03:04:05Z',
  '20260230T030405Z',
  '20260102T250405Z',
  '20260102T030405',
  'Fri, 99 Jan 2026 03:04:05 GMT',
]) {
  test(`"${date}" is no date`, () => {
    assert.equal(dateOf({ 'x-amz-date': date }), undefined)
    assert.equal(dateOf({ date }), undefined)
  })
}

test('an HTTP date does not stand in X-Amz-Date, and none is none', () => {
  assert.equal(dateOf({ 'x-amz-date': 'Fri, 02 Jan 2026 03:04:05 GMT' }), undefined)
  assert.equal(dateOf({}), undefined)
})
