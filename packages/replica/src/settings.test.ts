import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SettingsError } from './errors.ts'
import { readSettings } from './settings.ts'

test('without variables sessions are off, live for 20 minutes and lie in shared memory', () => {
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const expected = { enabled: false, lifeMs: 1_200_000, path: join(root, 'sagemaker_sessions') }
  assert.deepEqual(readSettings({}), expected)
  const empty = {
    SAGEMAKER_ENABLE_STATEFUL_SESSIONS: '',
    SAGEMAKER_SESSIONS_EXPIRATION: '',
    SAGEMAKER_SESSIONS_PATH: '',
  }
  assert.deepEqual(readSettings(empty), expected)
})

test('the three variables are read', () => {
  const environment = {
    SAGEMAKER_ENABLE_STATEFUL_SESSIONS: 'true',
    SAGEMAKER_SESSIONS_EXPIRATION: '90',
    SAGEMAKER_SESSIONS_PATH: '/srv/sessions',
  }
  assert.deepEqual(readSettings(environment), { enabled: true, lifeMs: 90_000, path: '/srv/sessions' })
})

for (const [text, enabled] of [
  ['1', true],
  ['True', true],
  ['false', false],
  ['0', false],
  ['yes', false],
] as const) {
  test(`SAGEMAKER_ENABLE_STATEFUL_SESSIONS=${text} means ${enabled}`, () => {
    assert.equal(readSettings({ SAGEMAKER_ENABLE_STATEFUL_SESSIONS: text }).enabled, enabled)
  })
}

for (const text of ['0', '-5', '1.5', '20m', 'NaN']) {
  test(`SAGEMAKER_SESSIONS_EXPIRATION=${text} is refused`, () => {
    assert.throws(() => readSettings({ SAGEMAKER_SESSIONS_EXPIRATION: text }), SettingsError)
  })
}
