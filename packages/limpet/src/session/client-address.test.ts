import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientAddress } from './client-address.ts'

const isTrusted = (address: string) => address.startsWith('10.')

describe("the client's address", () => {
  const cases: [string, string, string | undefined, string][] = [
    ['is the peer where nobody forwards', '1.1.1.1', undefined, '1.1.1.1'],
    ['is the peer where a stranger claims otherwise', '1.1.1.1', '2.2.2.2', '1.1.1.1'],
    ['is what a trusted proxy says', '10.0.0.1', '2.2.2.2', '2.2.2.2'],
    ['is the last that no trusted proxy has', '10.0.0.1', '2.2.2.2, 10.0.0.3, 10.0.0.2', '2.2.2.2'],
    ['is not what the client made up before', '10.0.0.1', '6.6.6.6, 2.2.2.2', '2.2.2.2'],
    ['is the farthest proxy when all are trusted', '10.0.0.1', '10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['is the last good one before what is no address', '10.0.0.1', '2.2.2.2, unknown, 10.0.0.2', '10.0.0.2'],
    ['is the peer when the field is empty', '10.0.0.1', '', '10.0.0.1'],
    ['comes without a port', '10.0.0.1', '2.2.2.2:4711', '2.2.2.2'],
    ['may be of IPv6', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['may be of IPv6, bare', '10.0.0.1', '2001:db8::1', '2001:db8::1'],
  ]
  for (const [what, peer, field, expected] of cases) {
    test(what, () => assert.equal(clientAddress(peer, field, isTrusted), expected))
  }

  test('is found in bounded work', () => {
    let asked = 0
    const field = '10.0.0.1,'.repeat(1000)
    clientAddress('10.0.0.1', `2.2.2.2,${field}10.0.0.1`, (address) => {
      asked++
      return isTrusted(address)
    })
    assert.ok(asked <= 33)
  })
})
