import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LimpetError } from '../errors.ts'
import { createKeyring, generateKeyringText, parseKeyring } from './keyring.ts'

const secretText = (fill: string): string => Buffer.from(fill.repeat(32)).toString('base64url')
const a = secretText('a')
const b = secretText('b')
const h = secretText('h')

describe('a key ring', () => {
  test('reads entries separated by commas or lines, with comments, the first one signing', () => {
    const inline = parseKeyring(`7:${a},255:${b}`)
    assert.deepEqual(
      inline.keys.map((key) => key.id),
      [7, 255],
    )
    assert.deepEqual(parseKeyring(`# ours\r\n 7:${a} # new\r\n\r\n255:${b}\r\n`), inline)
  })

  test('has unrelated subkeys for each purpose and each secret', () => {
    const { keys, hashKey } = parseKeyring(`1:${a},2:${b}`)
    const subkeys = [...keys.flatMap((key) => [key.claimKey, key.tagKey]), hashKey]
    assert.deepEqual(
      subkeys.map((key) => key.length),
      [32, 32, 32, 32, 16],
    )
    const starts = subkeys.map((key) => Buffer.from(key.subarray(0, 16)).toString('hex'))
    assert.equal(new Set(starts).size, 5)
  })

  test('derives subkeys with HKDF-SHA256, the same in every version', () => {
    // Computed with Python's hmac module after RFC 5869, info "limpet/v1/claim-mac".
    const { keys } = parseKeyring(`1:${a}`)
    assert.equal(
      Buffer.from(keys[0].claimKey).toString('hex'),
      '19a4160d44c309968a539efe3ef4999ae7256dd97696b30b2924f7696c422a11',
    )
  })

  test('without a hash entry keys hashes by the last secret, so a new signing key moves no session', () => {
    const before = parseKeyring(`1:${a}`).hashKey
    assert.deepEqual(parseKeyring(`2:${b},1:${a}`).hashKey, before)
    assert.notDeepEqual(parseKeyring(`1:${a},2:${b}`).hashKey, before)
  })

  test('takes its hash key from the hash entry, wherever that stands', () => {
    const { hashKey } = parseKeyring(`1:${a},hash:${h}`)
    assert.deepEqual(parseKeyring(`hash:${h},2:${b}`).hashKey, hashKey)
    assert.deepEqual(createKeyring([{ id: 1, secret: Buffer.from(a, 'base64url') }]).keys, [
      parseKeyring(`hash:${h},1:${a}`).keys[0],
    ])
  })

  test('survives being sent to a worker thread', () => {
    const keyring = parseKeyring(`1:${a}`)
    assert.deepEqual(structuredClone(keyring), keyring)
  })

  test('generates a text that it reads, different each time', () => {
    const text = generateKeyringText()
    assert.equal(parseKeyring(text).keys.length, 1)
    assert.notDeepEqual(parseKeyring(generateKeyringText()).hashKey, parseKeyring(text).hashKey)
    assert.match(text, /^hash:/m)
  })
})

describe('a faulty key ring is refused with what to do and without showing the secret', () => {
  const secretWord = 'dontshowmedontshowmedontshowme00'
  const cases: ReadonlyArray<readonly [what: string, text: string, message: RegExp]> = [
    ['no entry', ' # nothing\n', /no signing key/],
    ['only a hash entry', `hash:${secretWord}`, /no signing key/],
    ['a secret without an id', secretWord, /Entry 1 does not start with an id/],
    ['the secret in the place of the id', `${secretWord}:1`, /Entry 1 does not start with an id/],
    ['an id above 255', `256:${secretWord}`, /outside 0 to 255/],
    ['a repeated id', `1:${secretWord},1:${a}`, /Key 2 repeats the id 1/],
    ['a short secret', '3:dontshowme00', /Key 1 \(id 3\) is 9 bytes long/],
    ['a short hash secret', `3:${secretWord},hash:dontshowme00`, /The hash key is 9 bytes/],
    ['padding', `1:${secretWord}==`, /entry 1 is not unpadded base64url/],
    ['letters outside base64url', `1:${a},2:${secretWord}+/`, /entry 2 is not unpadded base64url/],
    ['a second hash entry', `1:${a},hash:${secretWord},hash:${secretWord}`, /second hash key/],
  ]
  for (const [what, text, message] of cases) {
    test(what, () => {
      assert.throws(
        () => parseKeyring(text),
        (error: unknown) => {
          assert(error instanceof LimpetError)
          assert.equal(error.code, 'LIMPET_KEYS')
          assert.match(error.message, message)
          assert.match(error.message, /id:secret/)
          assert.doesNotMatch(error.message, /dontshow/)
          return true
        },
      )
    })
  }
})
