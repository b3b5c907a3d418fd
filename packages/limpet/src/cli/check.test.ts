import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { check, checkHelp } from './check.ts'

describe('limpet check', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limpet-check-'))
  after(() => rm(folder, { recursive: true }))

  /** Runs the command; what it wrote and its exit code. */
  async function run(...argv: string[]) {
    const written = { stdout: '', stderr: '' }
    const code = await check(argv, {
      stdout: { write: (text) => (written.stdout += text) },
      stderr: { write: (text) => (written.stderr += text) },
    })
    return { code, ...written }
  }

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }

  it('says what it found in a good file', async () => {
    const path = await file(
      'good.yaml',
      'services:\n  - { name: chat, replicas: [http://a, http://b] }\n  - { name: docs, match: { path: /d }, replicas: [http://c] }\n',
    )
    const stdout = `${path}: 2 services: chat (2 replicas), docs (1 replica)\n`
    assert.deepEqual(await run(path), { code: 0, stdout, stderr: '' })
  })

  it('writes one line for each fault', async () => {
    const path = await file('bad.yaml', 'listn: :80\nservices:\n  - { name: a, replicas: [], ttl: 5 }\n')
    assert.deepEqual(await run(path), {
      code: 1,
      stdout: '',
      stderr: `${path}:1:1: listn is not known; did you mean listen?\n${path}:3:35: services[0].ttl must be a duration such as 20m or 500ms, not 5\n`,
    })
  })

  it('says when there is no file', async () => {
    const path = join(folder, 'absent.yaml')
    assert.deepEqual(await run(path), {
      code: 1,
      stdout: '',
      stderr: `The config file ${path} does not exist.\n`,
    })
  })

  const misuses: [argv: string[], stderr: string][] = [
    [[], 'limpet check needs one config file; see limpet check --help\n'],
    [['a', 'b'], 'limpet check needs one config file; see limpet check --help\n'],
    [['--strict', 'a'], 'limpet check has no option --strict; see limpet check --help\n'],
  ]
  for (const [argv, stderr] of misuses) {
    it(`refuses the arguments ${JSON.stringify(argv)}`, async () => {
      assert.deepEqual(await run(...argv), { code: 2, stdout: '', stderr })
    })
  }

  it('prints its help', async () => {
    assert.deepEqual(await run('--help'), { code: 0, stdout: checkHelp, stderr: '' })
  })
})
