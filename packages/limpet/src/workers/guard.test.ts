import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Guard } from './guard.ts'

/** A shell in a group of its own that has said that it is ready. */
async function group(script: string) {
  const child = spawn('sh', ['-c', `${script}; echo ready; while :; do sleep 0.01; done`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout!, 'data')
  return { child, pid: child.pid!, ended: once(child, 'exit') }
}

test('the guard ends the groups that are left, and only them, and removes the folder', {
  timeout: 20_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "limpet '$x-"))
  const polite = await group(`trap 'exit 7' TERM`)
  const stubborn = await group(`trap '' TERM`)
  const other = await group('true')
  try {
    const guard = new Guard({ folder, graceMs: 900 })
    for (const { pid } of [polite, other, stubborn]) guard.add(pid)
    guard.remove(other.pid)
    await guard.close()
    assert.deepEqual(await polite.ended, [7, null])
    assert.deepEqual(await stubborn.ended, [null, 'SIGKILL'])
    assert.deepEqual([other.child.exitCode, other.child.signalCode], [null, null])
    assert.ok(!existsSync(folder))
  } finally {
    for (const { child } of [polite, stubborn, other]) child.kill('SIGKILL')
    await other.ended
    await rm(folder, { recursive: true, force: true })
  }
})
