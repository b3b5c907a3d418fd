import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { createIdReader, scopeTag, sealId, suffixLength } from './id-suffix.ts'
import { parseKeyring } from './keyring.ts'
import { replicaTag } from './routing-claim.ts'

const secret = (fill: string): string => Buffer.from(fill.repeat(32)).toString('base64url')
const keyring = parseKeyring(`4:${secret('a')}`)
const id = '5f0c1c9e-6a39-4b0e-9c0d-2f1f8d1b7a60'
const claim = {
  scope: scopeTag(keyring, 4, 'media', 'my-endpoint'),
  replicaTag: replicaTag(keyring, 4, 'media', 'replica-2'),
  expiresAtMs: 1_800_000_060_000,
}
const sealed = sealId(keyring, id, claim)
const valid = { status: 'valid', id, claim, keyId: 4 }
/** Where the suffix's hex digits begin. */
const at = id.length + 1

const readers = {
  'a reader': (text: string) => createIdReader(keyring)(text),
  'a reader that has seen the id': (text: string) => {
    const read = createIdReader(keyring)
    assert.deepEqual(read(sealed), valid)
    return read(text)
  },
}

for (const [name, open] of Object.entries(readers)) {
  describe(name, () => {
    test('gives back what was sealed', () => {
      assert.deepEqual(open(sealed), valid)
    })

    test('takes an id for forged, whichever of its characters is another', () => {
      for (let place = 0; place < id.length; place++) {
        const other = sealed[place] === 'z' ? 'y' : 'z'
        assert.deepEqual(open(replaceAt(sealed, place, other)), { status: 'forged' }, `place ${place}`)
      }
    })

    test('takes a suffix for none of this version, of no known key, or forged, whichever digit is another', () => {
      for (let place = at; place < sealed.length; place++) {
        const other = sealed[place] === '7' ? '8' : '7'
        const expected = place < at + 2 ? 'plain' : place < at + 4 ? 'unknown-key' : 'forged'
        assert.deepEqual(open(replaceAt(sealed, place, other)), { status: expected }, `place ${place}`)
      }
    })

    for (const [what, text] of [
      ['nothing', ''],
      ['an id alone', id],
      ['a suffix alone', sealed.slice(at)],
      ['a suffix after nothing', sealed.slice(at - 1)],
      ['a digit less', sealed.slice(0, -1)],
      ['a digit more', `${id}-0${sealed.slice(at)}`],
      ['a digit that is none', `${sealed.slice(0, -1)}g`],
      ['upper case', id + sealed.slice(at - 1).toUpperCase()],
      ['another separator', replaceAt(sealed, at - 1, '_')],
      ['something after the suffix', `${sealed}-`],
      ['a line end after the suffix', `${sealed}\n`],
    ] as const) {
      test(`takes for an id without suffix: ${what}`, () => {
        assert.deepEqual(open(text), { status: 'plain' })
      })
    }

    for (const [what, text] of [
      ['a line end in front', `\n${sealed}`],
      ['a character moved from the id to its front', `${id.at(-1)}${id.slice(0, -1)}${sealed.slice(at - 1)}`],
      ['the suffix twice', sealed + sealed.slice(at - 1)],
      ['the suffix of another id', `other${sealed.slice(at - 1)}`],
    ] as const) {
      test(`takes for forged: ${what}`, () => {
        assert.deepEqual(open(text), { status: 'forged' })
      })
    }
  })
}

function replaceAt(text: string, place: number, character: string): string {
  return text.slice(0, place) + character + text.slice(place + 1)
}

describe('the suffix of an id', () => {
  test('has the documented layout, byte by byte', () => {
    const body = Buffer.concat([
      Buffer.from([1, 4]),
      Buffer.from(claim.scope, 'hex'),
      Buffer.from(claim.replicaTag, 'hex'),
      Buffer.from([0x6b, 0x49, 0xd2, 0x3c]),
    ])
    const mac = createHmac('sha256', keyring.keys[0].idKey).update(body).update(id).digest().subarray(0, 16)
    assert.equal(sealed, `${id}-${Buffer.concat([body, mac]).toString('hex')}`)
  })

  // Routers of different versions share sessions: what one of them sealed once must stay good.
  test('is this one, for ever', () => {
    assert.equal(sealed, `${id}-010431c5072b4e7f05f767406b49d23c46333a295fe9606ddd634221279a5836`)
  })

  test('is of one length, in characters that the ids of sessions may have', () => {
    for (const text of ['a', id, 'x'.repeat(191)])
      assert.equal(sealId(keyring, text, claim).length, text.length + suffixLength)
    assert.equal(suffixLength, 65)
    assert.match(sealed, /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/)
  })

  for (const tricky of [
    '-',
    'a-',
    '--a',
    'a--b---c',
    '0'.repeat(64),
    `a-${'0'.repeat(64)}`,
    `a-${'01'.repeat(32)}`,
    'with spaces; and = signs',
    'Z\xfcrich',
    'two\nlines',
    sealed,
  ]) {
    test(`goes behind the id ${JSON.stringify(tricky).slice(0, 40)} and comes off again`, () => {
      const opened = createIdReader(keyring)(sealId(keyring, tricky, claim))
      assert.deepEqual(opened, { ...valid, id: tricky })
    })
  }

  for (const [expiresAtMs, kept] of [
    [0, 0],
    [1, 1000],
    [1_800_000_000_000, 1_800_000_000_000],
    [1_800_000_000_001, 1_800_000_001_000],
    [-5, 0],
    [Number.MAX_SAFE_INTEGER, 0xffffffff * 1000],
  ] as const) {
    test(`keeps an expiry of ${expiresAtMs} ms as ${kept}: rounded up, within what four bytes hold`, () => {
      const opened = createIdReader(keyring)(sealId(keyring, id, { ...claim, expiresAtMs }))
      assert.equal(opened.status === 'valid' && opened.claim.expiresAtMs, kept)
    })
  }

  test('outlives a change of the signing key until its key leaves the ring', () => {
    const both = parseKeyring(`5:${secret('b')},4:${secret('a')}`)
    const read = createIdReader(both)
    assert.deepEqual(read(sealed), valid)
    assert.deepEqual(read(sealId(both, id, claim)), { ...valid, keyId: 5 })
    assert.deepEqual(createIdReader(parseKeyring(`5:${secret('b')}`))(sealed), { status: 'unknown-key' })
    assert.deepEqual(createIdReader(parseKeyring(`4:${secret('b')}`))(sealed), { status: 'forged' })
  })
})

describe('a reader of ids', () => {
  test('remembers what it verified: the same object comes back, however many forged ids come between', () => {
    const read = createIdReader(keyring)
    const opened = read(sealed)
    assert.equal(read(sealed), opened)
    const suffix = sealed.slice(at - 1)
    for (let forged = 0; forged < 10_000; forged++) assert.equal(read(forged + suffix).status, 'forged')
    assert.equal(read(sealed), opened)
  })
})

describe('a scope tag', () => {
  const two = parseKeyring(`4:${secret('a')},5:${secret('b')}`)

  test('is 32 bits that depend on the key, the service and the name', () => {
    const tags = [
      scopeTag(two, 4, 'media', 'my-endpoint'),
      scopeTag(two, 5, 'media', 'my-endpoint'),
      scopeTag(two, 4, 'text', 'my-endpoint'),
      scopeTag(two, 4, 'media', 'other'),
      // Where one ends and the other begins counts.
      scopeTag(two, 4, 'mediam', 'y-endpoint'),
      scopeTag(two, 4, 'media","my-endpoint', ''),
    ]
    assert.equal(new Set(tags).size, tags.length)
    for (const tag of tags) assert.match(tag, /^[0-9a-f]{8}$/)
    assert.equal(tags[0], claim.scope)
  })

  test('needs a key of the ring', () => {
    assert.throws(() => scopeTag(keyring, 9, 'media', 'my-endpoint'), /no key 9/)
  })
})
