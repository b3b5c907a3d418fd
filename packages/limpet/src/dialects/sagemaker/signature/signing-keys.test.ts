import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SigningKeys } from './signing-keys.ts'

test("the key of AWS's example is derived", () => {
  // IAM User Guide and General Reference, "Examples of how to derive a signing key".
  const scope = ['20120215', 'us-east-1', 'iam', 'aws4_request']
  const key = new SigningKeys().keyFor('AKID', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', scope)
  assert.equal(key.toString('hex'), 'f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d')
})

test('only what was kept is found again, and the oldest goes first', () => {
  const keys = new SigningKeys()
  const scopeOf = (region: number) => ['20260102', `r${region}`, 'sagemaker', 'aws4_request']
  const keyFor = (region: number) => keys.keyFor('AKID', 'a', scopeOf(region))
  const isKept = (region: number) => {
    const first = keyFor(region)
    return keyFor(region) === first
  }
  const keep = (region: number) => keys.keep('AKID', scopeOf(region), keyFor(region))
  assert.equal(isKept(0), false)
  for (let region = 0; region < 64; region++) keep(region)
  assert.deepEqual([isKept(0), isKept(63)], [true, true])
  keep(64)
  assert.deepEqual([isKept(0), isKept(1), isKept(64)], [false, true, true])
})
