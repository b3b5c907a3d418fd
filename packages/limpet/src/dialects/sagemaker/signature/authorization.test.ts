import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAuthorization } from './authorization.ts'

const signature = '0123456789abcdef'.repeat(4)
const credential = 'Credential=AKID/20260102/eu-west-1/sagemaker/aws4_request'
const signed = 'SignedHeaders=host;x-amz-date'
const signer = 'AWS4-HMAC-SHA256'

test('the parts of a signature are read in any order, with or without spaces', () => {
  const expected = {
    accessKeyId: 'AKID',
    scope: ['20260102', 'eu-west-1', 'sagemaker', 'aws4_request'],
    signedHeaders: ['host', 'x-amz-date'],
    signature: Buffer.from(signature, 'hex'),
  }
  assert.deepEqual(parseAuthorization(`${signer} ${credential}, ${signed}, Signature=${signature}`), expected)
  assert.deepEqual(parseAuthorization(`${signer} Signature=${signature},${signed},${credential}`), expected)
})

test('an access key may hold slashes', () => {
  const field = `${signer} ${credential.replace('AKID', 'a/b')}, ${signed}, Signature=${signature}`
  assert.equal(parseAuthorization(field)?.accessKeyId, 'a/b')
})

const manyNames = Array.from({ length: 101 }, (_, at) => `x${1000 + at}`).join(';')
const faults: [what: string, field: string][] = [
  ['no parts', signer],
  ['a missing part', `${signer} ${credential}, ${signed}`],
  ['a part twice', `${signer} ${credential}, ${credential}, ${signed}, Signature=${signature}`],
  ['a fourth part', `${signer} ${credential}, ${signed}, Signature=${signature}, Extra=1`],
  ['two fields, joined', `${signer} ${credential}, ${signed}, Signature=${signature}, Bearer x`],
  ['another algorithm', `AWS4-ECDSA-P256-SHA256 ${credential}, ${signed}, Signature=${signature}`],
  ['a short signature', `${signer} ${credential}, ${signed}, Signature=${signature.slice(2)}`],
  ['a signature in capitals', `${signer} ${credential}, ${signed}, Signature=${signature.toUpperCase()}`],
  ['no scope', `${signer} Credential=AKID, ${signed}, Signature=${signature}`],
  ['no key', `${signer} Credential=/20260102/r/sagemaker/aws4_request, ${signed}, Signature=${signature}`],
  [
    'an empty region',
    `${signer} Credential=A/20260102//sagemaker/aws4_request, ${signed}, Signature=${signature}`,
  ],
  ['names out of order', `${signer} ${credential}, SignedHeaders=x-amz-date;host, Signature=${signature}`],
  ['a name twice', `${signer} ${credential}, SignedHeaders=host;host, Signature=${signature}`],
  ['a name in capitals', `${signer} ${credential}, SignedHeaders=Host, Signature=${signature}`],
  ['no names', `${signer} ${credential}, SignedHeaders=, Signature=${signature}`],
  ['101 names', `${signer} ${credential}, SignedHeaders=${manyNames}, Signature=${signature}`],
  ['a long credential', `${signer} Credential=${'a'.repeat(300)}/1/2/3/4, ${signed}, Signature=${signature}`],
  ['a long field', `${signer} ${' '.repeat(9000)}${credential}, ${signed}, Signature=${signature}`],
]
for (const [what, field] of faults) {
  test(`no signature is read from ${what}`, () => assert.equal(parseAuthorization(field), undefined))
}
