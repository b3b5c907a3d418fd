import assert from 'node:assert/strict'
import { it } from 'node:test'
import { didYouMean } from './did-you-mean.ts'

const known = ['timeouts', 'trustedProxies', 'onLost', 'ttl', 'listen']

const cases: [written: string, meant: string | undefined][] = [
  ['timeout', 'timeouts'],
  ['tiemouts', 'timeouts'],
  ['on-lost', 'onLost'],
  ['TRUSTED_PROXY', 'trustedProxies'],
  ['tll', 'ttl'],
  ['lisetn', 'listen'],
  ['max', undefined],
  ['services', undefined],
  ['x'.repeat(100_000), undefined],
]

for (const [written, meant] of cases) {
  it(`takes ${written.slice(0, 20)} for ${meant ?? 'nothing known'}`, () => {
    assert.equal(didYouMean(written, known), meant)
  })
}
