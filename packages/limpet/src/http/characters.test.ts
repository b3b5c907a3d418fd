import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIELD_VALUE, HEX, HOST, TARGET, TOKEN } from './characters.ts'

const members = (table: Uint8Array) =>
  [...table.keys()]
    .filter((byte) => table[byte] === 1)
    .map((byte) => String.fromCharCode(byte))
    .join('')
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => String.fromCharCode(from + n)).join('')
const sorted = (text: string) => [...text].sort().join('')
const alphanumeric = range(48, 57) + range(65, 90) + range(97, 122)

test('a token has letters, digits and fifteen marks (RFC 9110 §5.6.2)', () => {
  assert.equal(members(TOKEN), sorted(`!#$%&'*+-.^_\`|~${alphanumeric}`))
})
test('a field value has tabs, spaces, visible characters and bytes from 0x80 (RFC 9110 §5.5)', () => {
  assert.equal(members(FIELD_VALUE), `\t${range(32, 126)}${range(128, 255)}`)
})
test('a target has visible characters but the one that begins a fragment (RFC 9112 §3.2)', () => {
  assert.equal(members(TARGET), range(33, 126).replace('#', ''))
})
test('a host has what RFC 3986 §3.2.2 gives a registered name, but the comma of lists', () => {
  assert.equal(members(HOST), sorted(`-._~!$&'()*+;=%${alphanumeric}`))
})
test('hexadecimal digits have their values, all else 255', () => {
  for (let byte = 0; byte < 256; byte++) {
    const index = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
    assert.equal(HEX[byte], index === -1 ? 255 : index)
  }
})
