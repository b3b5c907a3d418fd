import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALIAS, FIELD, fieldNumber } from './header-names.ts'

/** The number of `name` where it stands between other bytes. */
function numberOf(name: string): number {
  const bytes = Buffer.from(`x${name}x`, 'latin1')
  return fieldNumber(bytes, 1, 1 + name.length)
}

const known = Object.entries(FIELD).filter(([name]) => name !== '')

describe('fields that a proxy must know (RFC 9110 §5.1: names in any letter case)', () => {
  for (const [name, number] of known) {
    test(name, () => {
      assert.equal(numberOf(name), number)
      assert.equal(numberOf(name.toUpperCase()), number)
      assert.equal(numberOf(name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())), number)
    })
    if (!name.includes('-')) continue
    test(`${name} with underscores is not passed on as an unknown field`, () => {
      assert.equal(numberOf(name.replaceAll('-', '_')), ALIAS)
      assert.equal(numberOf(name.replace('-', '_').toUpperCase()), ALIAS)
    })
  }
})

describe('names that are not known, though near', () => {
  for (const name of [
    'hos',
    'hosts',
    'h',
    'h0st',
    'content-lengt',
    'content-length-',
    'x-content-length',
    'transfer-encodin',
    'transferencoding',
    'tE-',
    'hoqt',
    'content~length',
    'content.length',
  ]) {
    test(name, () => assert.equal(numberOf(name), 0))
  }
  test('every name with one byte changed to any other token byte', () => {
    for (const [name, number] of known) {
      for (let at = 0; at < name.length; at++) {
        for (const byte of "!#$%&'*+.^`|~09azAZ") {
          if (byte.toLowerCase() === name[at]) continue
          const changed = name.slice(0, at) + byte + name.slice(at + 1)
          assert.notEqual(numberOf(changed), number, changed)
        }
      }
    }
  })
})
