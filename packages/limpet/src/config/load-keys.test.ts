import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { LimpetError, StartError } from '../errors.ts'
import { generateKeyringText, parseKeyring } from '../session/keyring.ts'
import { loadKeyring } from './load-keys.ts'

const root = mkdtempSync(join(tmpdir(), 'limpet-keys-'))
after(() => rmSync(root, { recursive: true }))

let folders = 0
function folder(): string {
  const path = join(root, String(folders++))
  mkdirSync(path)
  return path
}

function keyFile(text = generateKeyringText(), mode = 0o600): string {
  const path = join(folder(), 'keys')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('the keys of the router', () => {
  test('come from the configured file before all else', () => {
    const file = keyFile()
    const loaded = loadKeyring({
      file,
      env: { LIMPET_KEYS: generateKeyringText(), XDG_STATE_HOME: folder() },
    })
    assert.deepEqual(loaded, {
      keyring: parseKeyring(readFileSync(file, 'utf8')),
      origin: 'file',
      path: file,
    })
  })

  test('come from LIMPET_KEYS before the generated file', () => {
    const home = folder()
    const text = generateKeyringText()
    const loaded = loadKeyring({ env: { LIMPET_KEYS: text, XDG_STATE_HOME: home } })
    assert.deepEqual(loaded, { keyring: parseKeyring(text), origin: 'env' })
    assert.deepEqual(readdirSync(home), [])
  })

  test('are else generated once, private, and kept between runs', () => {
    const env = { XDG_STATE_HOME: folder(), LIMPET_KEYS: '' }
    const first = loadKeyring({ env })
    const path = join(env.XDG_STATE_HOME, 'limpet', 'keys')
    assert.equal(first.origin, 'generated')
    assert.equal(first.path, path)
    assert.equal(first.warning, undefined)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(loadKeyring({ env }), first)
    assert.deepEqual(readdirSync(join(env.XDG_STATE_HOME, 'limpet')), ['keys'])
  })

  test('are kept under ~/.local/state when XDG_STATE_HOME is absent or relative', () => {
    const HOME = folder()
    const path = join(HOME, '.local', 'state', 'limpet', 'keys')
    assert.equal(loadKeyring({ env: { HOME } }).path, path)
    assert.equal(loadKeyring({ env: { HOME, XDG_STATE_HOME: 'state' } }).path, path)
  })

  test('are the same for routers that start at once', async () => {
    const env = { ...process.env, XDG_STATE_HOME: folder(), LIMPET_KEYS: '' }
    const script = `
      import { loadKeyring } from ${JSON.stringify(new URL('./load-keys.ts', import.meta.url).href)}
      process.stdin.once('data', () => {
        process.stdout.write(Buffer.from(loadKeyring().keyring.hashKey).toString('hex'))
        process.exit()
      })
      process.stdout.write('ready ')`
    const routers = [1, 2, 3].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { env }),
    )
    const outputs = routers.map((router) => {
      let text = ''
      const { promise: ready, resolve } = Promise.withResolvers<void>()
      const { promise: done, resolve: finish } = Promise.withResolvers<string>()
      router.stdout.on('data', (chunk) => {
        text += chunk
        if (text.includes('ready')) resolve()
      })
      router.stderr.on('data', (chunk) => {
        text += chunk
      })
      router.on('close', () => finish(text))
      return { ready, done }
    })
    await Promise.all(outputs.map(({ ready }) => ready))
    for (const router of routers) router.stdin.write('go')
    const printed = await Promise.all(outputs.map(({ done }) => done))
    assert.match(printed[0]!, /^ready [0-9a-f]{32}$/)
    assert.equal(new Set(printed).size, 1)
  })
})

describe('a key file that other users can read', { skip: process.platform === 'win32' }, () => {
  test('is used with a warning that tells what to do', () => {
    const file = keyFile(generateKeyringText(), 0o644)
    const { warning, keyring } = loadKeyring({ file })
    assert.equal(keyring.keys.length, 1)
    assert.match(warning ?? '', new RegExp(`${file} is open to every user .* chmod o= ${file}`))
  })

  test('is not remarked on when only its group can', () => {
    assert.equal(loadKeyring({ file: keyFile(generateKeyringText(), 0o640) }).warning, undefined)
  })
})

describe('the router does not start', () => {
  const startFault = (path: string) => (error: unknown) => {
    assert(error instanceof StartError)
    assert.equal(error.code, 'LIMPET_KEY_FILE')
    assert.ok(error.message.includes(path))
    assert.match(error.message, /keys\.file.*LIMPET_KEYS/s)
    return true
  }

  test('without the key file that its config names', () => {
    const file = join(folder(), 'absent')
    assert.throws(() => loadKeyring({ file }), startFault(file))
  })

  test('when it can neither find nor make its key file', () => {
    const XDG_STATE_HOME = join(keyFile(), 'below-a-file')
    assert.throws(
      () => loadKeyring({ env: { XDG_STATE_HOME } }),
      startFault(join(XDG_STATE_HOME, 'limpet', 'keys')),
    )
  })

  test('with faulty keys, and says where they are without showing them', () => {
    const fault = (where: string) => (error: unknown) => {
      assert(error instanceof LimpetError)
      assert.equal(error.code, 'LIMPET_KEYS')
      assert.ok(error.message.startsWith(`${where}: `))
      assert.doesNotMatch(error.message, /dontshow/)
      return true
    }
    const file = keyFile('dontshowme')
    assert.throws(() => loadKeyring({ file }), fault(file))
    assert.throws(() => loadKeyring({ env: { LIMPET_KEYS: '1:dontshow' } }), fault('LIMPET_KEYS'))
  })
})
