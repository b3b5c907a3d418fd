import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedOf } from './seed.ts'

test('a seed is the same in every version: a change here would re-place sessions wherever versions mix', () => {
  // Computed apart from this code; the FNV-1a inside agrees with the published vectors for '', 'a' and 'foobar'.
  const vectors: readonly (readonly [string, number, number])[] = [
    ['', 0xefd01f60, 0xba992926],
    ['a', 0x82a2a958, 0xa9bece5b],
    ['foobar', 0x2c221949, 0x22d1672b],
    ['llm-0', 0xe3d86853, 0x7d09f387],
    ['llm-1', 0x1b430fb6, 0x1f22aca4],
    ['http://127.0.0.1:9001', 0xdcfbc780, 0x4be6ef5f],
    ['räplica', 0x4359235f, 0x0227a045],
  ]
  for (const [name, high, low] of vectors) assert.deepEqual([...seedOf(name)], [high, low], name)
})

test('the numbered names of a large service share neither word', () => {
  const seeds = Array.from({ length: 16_384 }, (_, i) => seedOf(`replica-${i}`))
  assert.equal(new Set(seeds.map(([high, low]) => `${high} ${low}`)).size, seeds.length)
  // 2^14 names give 0.03 pairs with an equal word by chance, so a few would mean a bad mix.
  assert.ok(new Set(seeds.map(([high]) => high)).size >= seeds.length - 2)
  assert.ok(new Set(seeds.map(([, low]) => low)).size >= seeds.length - 2)
})
