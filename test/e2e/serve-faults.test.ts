import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runLimpet, startRouter, temporaryFolder } from '../kit/router.ts'

const REPLICA = ['--replica', 'http://127.0.0.1:9']

describe('limpet serve ends with a sentence and exit code 1', () => {
  for (const flag of ['--listen', '--admin']) {
    test(`when something else is at the ${flag} address`, async () => {
      await using folder = await temporaryFolder()
      await using server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const busy = `127.0.0.1:${(server.address() as AddressInfo).port}`
      const args = [
        'serve',
        ...REPLICA,
        '--listen',
        '127.0.0.1:0',
        '--admin',
        '127.0.0.1:0',
        '--workers',
        '1',
      ]
      args[args.indexOf(flag) + 1] = busy
      const { code, stderr } = await runLimpet(args, { XDG_STATE_HOME: folder.path })
      assert.equal(code, 1)
      assert.equal(
        stderr,
        `limpet: Something else listens at ${busy}. Stop it, or choose another address with ${flag} HOST:PORT.\n`,
      )
    })
  }

  test('when another router, which would share the port, is at the address', async () => {
    await using router = await startRouter({ config: 'services:\n  - { name: app, replicas: [] }\n' })
    await using folder = await temporaryFolder()
    const { code, stderr } = await runLimpet(['serve', ...REPLICA, '--listen', `127.0.0.1:${router.port}`], {
      XDG_STATE_HOME: folder.path,
    })
    assert.equal(code, 1)
    assert.match(stderr, /Something else listens at/)
  })

  test('when it can make no key file', async () => {
    await using folder = await temporaryFolder()
    // A file where a folder is needed fails for every user, the administrator too.
    await writeFile(join(folder.path, 'file'), '')
    const { code, stderr } = await runLimpet(['serve', ...REPLICA, '--listen', '127.0.0.1:0'], {
      XDG_STATE_HOME: join(folder.path, 'file'),
    })
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^limpet: The key file .*file\/limpet\/keys can't be made \(ENOTDIR\)\. Make its folder writable/,
    )
    assert.equal(stderr.trim().split('\n').length, 1)
  })

  test('when the key file that it is given is absent', async () => {
    const { code, stderr } = await runLimpet(['serve', ...REPLICA, '--keys', '/nonexistent/keys'])
    assert.equal(code, 1)
    assert.match(stderr, /^limpet: The key file \/nonexistent\/keys can't be read \(ENOENT\)\./)
  })

  test('when the config has keys that it does not know, with their places', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'limpet.yaml')
    await writeFile(
      path,
      'servces:\n  - name: app\nservices:\n  - name: app\n    replicas: []\n    balanced: random\n',
    )
    const { code, stderr } = await runLimpet(['serve', path])
    assert.equal(code, 1)
    const lines = stderr.trim().split('\n')
    assert.equal(lines.length, 2)
    assert.ok(lines[0]!.startsWith(`${path}:1:1: `), stderr)
    assert.ok(lines[1]!.startsWith(`${path}:6:5: `), stderr)
  })

  test('when a replica in the config has no scheme', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'limpet.yaml')
    await writeFile(path, 'services:\n  - name: app\n    replicas: [127.0.0.1:8001]\n')
    const { code, stderr } = await runLimpet(['serve', path])
    assert.equal(code, 1)
    assert.ok(stderr.startsWith(`${path}:3:16: `), stderr)
    assert.match(
      stderr,
      /must be http:\/\/HOST:PORT, https:\/\/HOST:PORT or unix:PATH, not "127\.0\.0\.1:8001"/,
    )
  })

  test('when a session module cannot be loaded', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'session.mjs')
    await writeFile(path, 'export const sesion = () => undefined\n')
    const { code, stderr } = await runLimpet(
      ['serve', ...REPLICA, '--session', `module:${path}`, '--listen', '127.0.0.1:0'],
      { XDG_STATE_HOME: folder.path },
    )
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^limpet: The session module .*session\.mjs has no session\. It must export a function/,
    )
  })
})

test('limpet serve exits with 2 when a --replica has no scheme', async () => {
  const { code, stderr } = await runLimpet(['serve', '--replica', 'localhost:8001'])
  assert.equal(code, 2)
  assert.match(stderr, /^limpet serve: --replica must be http:\/\/HOST:PORT/)
})
