import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { createSessionHasher, sipHash128, sipKey } from './siphash.ts'

const referenceKey = Uint8Array.from({ length: 16 }, (_, index) => index)

/** SipHash-2-4-128 of the bytes 0, 1, ... length - 1 under the key 00 01 ... 0f, from the reference vectors. */
const vectors: ReadonlyArray<readonly [length: number, hex: string]> = [
  [0, 'a3817f04ba25a8e66df67214c7550293'],
  [1, 'da87c1d86b99af44347659119b22fc45'],
  [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
  [8, '3b62a9ba6258f5610f83e264f31497b4'],
  [9, '264499060ad9baabc47f8b02bb6d71ed'],
  [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
  [16, '6ee2a4ca67b054bbfd3315bf85230577'],
  [24, '2db479ae78bd50d8882a8a178a6132ad'],
  [32, '7c3956ca5eeafc3e363e9d556546eb68'],
  [63, '5150d1772f50834a503e069a973fbd7c'],
]

/** SHA-256 of all 64 reference outputs (lengths 0 to 63) one after the other. */
const allVectorsSha256 = 'ecfaa9fe47ff788fa834a9863ea2715a2880cd37d2b8c3c194402838428119b9'

const counting = (length: number): string =>
  String.fromCharCode(...Array.from({ length }, (_, index) => index))

const hex = (words: Uint32Array): string => {
  const bytes = Buffer.alloc(16)
  for (let index = 0; index < 4; index++) bytes.writeUInt32LE(words[index]!, index * 4)
  return bytes.toString('hex')
}

describe('SipHash-2-4 with 128 bits', () => {
  const key = sipKey(referenceKey)
  const out = new Uint32Array(4)

  for (const [length, expected] of vectors) {
    test(`agrees with the reference for ${length} bytes`, () => {
      sipHash128(key, counting(length), out)
      assert.equal(hex(out), expected)
    })
  }

  test('agrees with the reference for every length from 0 to 63', () => {
    const all = createHash('sha256')
    for (let length = 0; length < 64; length++) {
      sipHash128(key, counting(length), out)
      all.update(hex(out), 'hex')
    }
    assert.equal(all.digest('hex'), allVectorsSha256)
  })

  test('takes char codes from 128 to 255 as bytes', () => {
    // From `openssl mac -macopt size:16 ... SIPHASH` over the bytes ff fe ... f0 80.
    const text = String.fromCharCode(...Array.from({ length: 16 }, (_, index) => 255 - index), 128)
    sipHash128(key, text, out)
    assert.equal(hex(out), '7a12f2bae988bdf73c6d59952f772c1a')
  })

  test('refuses a key that is not 16 bytes', () => {
    assert.throws(() => sipKey(new Uint8Array(15)), RangeError)
  })
})

describe('the hasher of a service', () => {
  const hash = (service: string, sessionKey: string, hashKey = referenceKey): string => {
    const out = new Uint32Array(4)
    createSessionHasher(hashKey, service)(sessionKey, out)
    return hex(out)
  }

  test('gives one session key one hash, whichever hasher of the service is asked', () => {
    assert.equal(hash('chat', 'abc'), hash('chat', 'abc'))
  })

  test('keeps services apart, and hash keys', () => {
    const otherKey = Uint8Array.from(referenceKey, (byte) => byte ^ 1)
    const seen = new Set([
      hash('chat', 'abc'),
      hash('chats', 'abc'),
      hash('chat', 'sabc'),
      hash('', 'abc'),
      hash('ł', 'abc'),
      hash('B', 'abc'),
      hash('chat', 'abc', otherKey),
    ])
    assert.equal(seen.size, 7)
  })
})
