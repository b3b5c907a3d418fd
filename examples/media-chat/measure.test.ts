import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess } from '../../test/kit/process.ts'
import { temporaryFolder } from '../../test/kit/router.ts'
import { tableOf } from './measure-table.ts'

const script = fileURLToPath(new URL('measure.ts', import.meta.url))

test('measure.ts prints the machine, its command and a table, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder()
  const args = ['--megabytes', '2', '--questions', '2', '--rounds', '1', '--folder', folder.path]
  const child = startProcess(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [printed, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')])
    assert.equal(code, 0)
    assert.match(printed, /^machine: \d+ cores, .+, Node\.js v\d+/)
    assert.ok(printed.includes(`command: npx node examples/media-chat/measure.ts ${args.join(' ')}\n`))
    assert.match(printed, /2 questions about 2 MB \(2000000 bytes\), median of 1 rounds/)
    const rows = printed.trim().split('\n').slice(-3)
    for (const [index, kind] of ['size', 'byte', 'checksum'].entries()) {
      assert.match(rows[index]!, new RegExp(`^\\| ${kind} (\\| \\d+\\.\\d{3} s ){4}\\| \\d+\\.\\d× \\|$`))
    }
    assert.deepEqual(await readdir(folder.path), [])
  } finally {
    await endProcess(child)
  }
})

test('the table has the rounds in the middle and how many times as long it takes to send the file each time', () => {
  const timed = (totalMs: number, uploadMs = 0) => ({ totalMs, uploadMs })
  const row = {
    kind: 'size',
    sentEachTime: [timed(5000), timed(9000), timed(6000)],
    sentOnce: [timed(600, 400), timed(900, 500), timed(500, 450)],
  }
  assert.equal(tableOf([row]).split('\n').at(-1), '| size | 6.000 s | 0.600 s | 0.400 s | 0.200 s | 10.0× |')
})
