import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from '../../../../../test/kit/process.ts'
import type { PinStore, StoredPin } from './pin-store.ts'
import { sqliteStore } from './sqlite-store.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpet-sqlite-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const keyOf = (index: number) => index.toString(16).padStart(32, '0')
const pinOf = (index: number, more: Partial<StoredPin> = {}): StoredPin => ({
  key: keyOf(index),
  home: { service: 'chat', replica: 'a' },
  epoch: 0,
  expiresAtMs: Date.now() + 60_000,
  deadlineMs: 0,
  ...more,
})

async function open(path: string): Promise<{ store: PinStore; counts: { invalid: number } }> {
  const counts = { invalid: 0 }
  const events = {
    changed: () => undefined,
    invalid: () => void counts.invalid++,
    failed: (error: Error) => assert.fail(error),
  }
  return { store: await sqliteStore(path)(events, AbortSignal.timeout(5000)), counts }
}

test('what was written is there when the file is opened again', async () => {
  const path = join(folder, 'again.db')
  const first = await open(path)
  const pin = pinOf(1)
  await first.store.write([pin])
  await first.store.close()
  const second = await open(path)
  assert.deepEqual(await second.store.read([pin.key]), [pin])
  await second.store.close()
})

test('a file that can not be written, or is no database, is refused when it is opened', async () => {
  await assert.rejects(open(join(folder, 'absent', 'pins.db')), /unable to open/)
  await assert.rejects(open(folder), /unable to open/)
  await assert.rejects(open(fileURLToPath(import.meta.url)), /not a database/)
  const newer = join(folder, 'newer.db')
  new DatabaseSync(newer).exec('PRAGMA user_version = 99')
  await assert.rejects(open(newer), /tables of version 99/)
})

test('a file of the version before is taken over, with its pins', async () => {
  const path = join(folder, 'older.db')
  const first = await open(path)
  await first.store.write([pinOf(2)])
  await first.store.close()
  const database = new DatabaseSync(path)
  database.exec('DROP TABLE limpet_notes; PRAGMA user_version = 1')
  database.close()
  const { store } = await open(path)
  await store.writeNotes([
    { key: keyOf(2), version: 0, owner: '', text: 'note', expiresAtMs: Date.now() + 60_000 },
  ])
  assert.equal(await store.readNote(keyOf(2)), 'note')
  assert.equal((await store.read([keyOf(2)]))[0]?.key, keyOf(2))
  await store.close()
})

test('rows that are no records are left out, counted, and replaced', async () => {
  const path = join(folder, 'garbage.db')
  const { store, counts } = await open(path)
  const pins = [0, 1, 2, 3].map((index) => pinOf(index))
  await store.write(pins)
  const database = new DatabaseSync(path)
  database.exec(`UPDATE limpet_pins SET epoch = 'many' WHERE key = '${keyOf(0)}'`)
  database.exec(`UPDATE limpet_pins SET service = NULL WHERE key = '${keyOf(1)}'`)
  database.exec(`UPDATE limpet_pins SET epoch = -1 WHERE key = '${keyOf(2)}'`)
  const keys = pins.map(({ key }) => key)
  assert.deepEqual(await store.read(keys), [undefined, undefined, undefined, pins[3]])
  assert.equal(counts.invalid, 3)
  assert.deepEqual(await store.write(pins), [])
  assert.deepEqual(await store.read(keys), pins)
  database.close()
  await store.close()
})

test('records whose time is over are taken out of the file', async () => {
  const path = join(folder, 'prune.db')
  const { store } = await open(path)
  await store.write(Array.from({ length: 50 }, (_, index) => pinOf(index, { expiresAtMs: Date.now() + 20 })))
  await store.write([pinOf(99)])
  const database = new DatabaseSync(path)
  const rows = () => database.prepare('SELECT count(*) AS count FROM limpet_pins').get()?.count
  await until('one row is left', () => rows() === 1)
  database.close()
  await store.close()
})

test('several processes write one file at once, and agree on every session', {
  timeout: 60_000,
}, async () => {
  const path = join(folder, 'processes.db')
  await (await open(path)).store.close()
  const script = `
    const { sqliteStore } = await import(${JSON.stringify(new URL('./sqlite-store.ts', import.meta.url).href)})
    const [, path, replica] = process.argv
    const store = await sqliteStore(path)({ changed() {}, invalid() {}, failed() {} }, AbortSignal.timeout(9000))
    const won = []
    for (let batch = 0; batch < 40; batch++) {
      const pins = Array.from({ length: 50 }, (_, index) => ({
        key: (batch * 50 + index).toString(16).padStart(32, '0'), home: { service: 'chat', replica },
        epoch: 0, expiresAtMs: Date.now() + 60000, deadlineMs: 0 }))
      const lost = new Set((await store.write(pins)).map(({ offered }) => offered.key))
      won.push(...pins.map(({ key }) => key).filter((key) => !lost.has(key)))
    }
    process.stdout.write(JSON.stringify(won))`
  const outputs = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, path, name], {
        maxBuffer: 1e8,
      }),
    ),
  )
  const won = outputs.map(({ stdout }) => JSON.parse(stdout) as string[])
  assert.equal(new Set(won.flat()).size, 2000)
  assert.equal(won.flat().length, 2000)
  const { store } = await open(path)
  const standing = await store.read(won[1]!)
  assert.ok(standing.every((pin) => pin?.home?.replica === 'b'))
  await store.close()
})
