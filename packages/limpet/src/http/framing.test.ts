import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BAD_LENGTH, parseContentLength, parseTransferEncoding } from './framing.ts'

describe('Content-Length (RFC 9110 §8.6, RFC 9112 §6.3)', () => {
  for (const [value, length] of [
    ['0', 0],
    ['1', 1],
    ['31', 31],
    ['999999999999999', 999_999_999_999_999],
  ] as const)
    test(`${value} is read`, () => assert.equal(parseContentLength(value), length))

  for (const value of [
    '',
    '010',
    '00',
    '+1',
    '-1',
    '0x1',
    '1Z',
    '1 ',
    ' 1',
    '1\n',
    '1.0',
    '1e3',
    '1_0',
    '1,1',
    '1, 1',
    '\xb2',
    '\u0661',
    '1000000000000000',
    '12345678901234567890123',
    'Infinity',
  ])
    test(`${JSON.stringify(value)} is refused`, () => assert.equal(parseContentLength(value), BAD_LENGTH))
})

describe('Transfer-Encoding (RFC 9112 §6.1, §7)', () => {
  const cases: readonly (readonly [outcome: 'chunked' | 'unsupported' | 'bad', values: readonly string[]])[] =
    [
      ['chunked', ['chunked', 'Chunked', 'CHUNKED']],
      [
        'unsupported',
        [
          'gzip, chunked',
          'GZIP,chunked',
          'x-gzip, chunked',
          'deflate ,\tchunked',
          'compress, gzip, chunked',
          'x-compress, chunked',
        ],
      ],
      [
        'bad',
        [
          '',
          'identity',
          'gzip',
          'gzip, identity',
          'chunked, gzip',
          'chunked, chunked',
          'chunked, gzip, chunked',
          ',chunked',
          'chunked,',
          'chunked, ',
          'gzip,,chunked',
          'identity, chunked',
          'xchunked',
          'chunkedx',
          '"chunked"',
          "'chunked'",
          '\xa0chunked',
          'chunked\xa0',
          '\x85chunked',
          'chunked;q=1',
          'chunked chunked',
          'br, chunked',
        ],
      ],
    ]
  for (const [outcome, values] of cases) {
    for (const value of values)
      test(`${JSON.stringify(value)} is ${outcome}`, () =>
        assert.equal(parseTransferEncoding(value), outcome))
  }
})
