import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minusLn } from './minus-ln.ts'
import { seededRandom } from './view.fixture.ts'

/** Every argument that a 32-bit hash can make: 1 - (x + 1/2) / 2^32. */
const argument = (x: number) => 1 - (x + 0.5) / 0x1_0000_0000

test('is the natural logarithm within a relative 2^-50, over the whole range of a hash', () => {
  const random = seededRandom(1)
  const hashes = [0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]
  for (let i = 0; i < 20_000; i++)
    hashes.push(Math.floor(2 ** (32 * random())), Math.floor(random() * 2 ** 32))
  for (const x of hashes) {
    const exact = -Math.log(argument(x))
    assert.ok(Math.abs(minusLn(argument(x)) - exact) <= exact * 2 ** -50, `x = ${x}`)
  }
  assert.equal(minusLn(1), 0)
})

test('never puts two neighbouring hashes in the wrong order', () => {
  const random = seededRandom(2)
  for (let i = 0; i < 20_000; i++) {
    const x = Math.floor(2 ** (32 * random())) - 1
    if (x + 1 > 0xffffffff) continue
    assert.ok(minusLn(argument(x)) < minusLn(argument(x + 1)), `x = ${x}`)
  }
})

test('stays above u + u * u / 2, by which the search leaves out replicas without a logarithm', () => {
  const random = seededRandom(3)
  for (let i = 0; i < 20_000; i++) {
    const u = (Math.floor(2 ** (32 * random())) - 0.5) / 0x1_0000_0000
    assert.ok(minusLn(1 - u) > u, `u = ${u}`)
  }
})
