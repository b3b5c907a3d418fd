import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { restartNeeded } from './diff.ts'
import { parseConfig } from './load.ts'

const base = 'services: [{ name: a, replicas: [] }]\n'

const cases: [description: string, added: string, settings: string[]][] = [
  ['nothing', '', []],
  ['a timeout', 'timeouts: { head: 5s }', []],
  ['a default that is written out', 'listen: 127.0.0.1:8080', []],
  ['the listener', 'listen: :80', ['listen']],
  ['the admin listener', 'admin: :81', ['admin']],
  ['the workers', 'workers: 100', ['workers']],
  ['the size of the pin table', 'pins: { capacity: 5000 }', ['pins.capacity']],
  ['the store', 'store: redis://a', ['store']],
  ['the keys and the listener', 'keys: { file: other }\nlisten: :80', ['listen', 'keys.file']],
]

describe('a changed config needs a restart', () => {
  for (const [description, added, settings] of cases) {
    it(`for ${settings.join(' and ') || 'nothing'} when ${description} changed`, () => {
      const before = parseConfig(base, 'f')
      assert.deepEqual(restartNeeded(before, parseConfig(base + added, 'f')), settings)
    })
  }
})
