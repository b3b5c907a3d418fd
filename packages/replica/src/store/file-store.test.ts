/** What only the file store promises: the AWS library's layout, and neighbours that it knows nothing of. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, within } from '../../../../test/kit/process.ts'
import { SessionNotFoundError, SettingsError } from '../errors.ts'
import { createFileStore } from './file-store.ts'
import { filePlace, newRecord, putText, textAt } from './place.fixture.ts'

const writer = fileURLToPath(new URL('writer.fixture.ts', import.meta.url))

/** A session as the AWS library leaves it. */
async function awsSession(path: string, expirySeconds: string): Promise<string> {
  const id = randomUUID()
  await mkdir(join(path, id))
  await writeFile(join(path, id, '.expiration_ts'), expirySeconds)
  await writeFile(join(path, id, 'history'), '["hello", {"n": 1.5}]')
  return id
}

test('a session of the AWS library is read, changed and destroyed', async () => {
  await using place = await filePlace()
  const store = await place.open()
  const id = await awsSession(place.path, '1893456000.1234567')
  assert.deepEqual(await store.ids(), [id])
  assert.deepEqual(await store.open(id, 0), { id, epoch: 0, expiresAtMs: 1893456000123 })
  assert.equal(await textAt(store, id, 'history'), 'json: ["hello", {"n": 1.5}]')
  await putText(store, newRecord({ id }), 'history', '[]')
  assert.equal(await readFile(join(place.path, id, 'history'), 'utf8'), '[]')
  assert.equal(await store.destroy(id, 0), true)
  assert.deepEqual(await readdir(place.path), [])
})

test('a session is laid out for the AWS library: its expiry in seconds, and JSON under its key', async () => {
  await using place = await filePlace()
  const store = await place.open()
  const record = newRecord({ expiresAtMs: 1893456000000, idleMs: 1000, usedAtMs: Date.now() })
  await store.create(record)
  await putText(store, record, 'history', '["hello"]')
  await putText(store, record, 'film', 'not JSON', 'bytes')
  const folder = join(place.path, record.id)
  assert.equal(Number(await readFile(join(folder, '.expiration_ts'), 'utf8')), 1893456000)
  // What is not hidden is JSON.
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'))
  assert.deepEqual(names, ['history'])
  assert.equal(await readFile(join(folder, 'history'), 'utf8'), '["hello"]')
})

test('whatever else lies in the root survives and disturbs nothing', async () => {
  await using place = await filePlace()
  const elsewhere = await mkdtemp(join(tmpdir(), 'limpet-elsewhere-'))
  try {
    const [file, empty, foreign, link, broken] = Array.from({ length: 5 }, () => randomUUID())
    await writeFile(join(place.path, 'notes.txt'), 'mine')
    await mkdir(join(place.path, 'models'))
    await writeFile(join(place.path, 'models', 'weights'), 'mine')
    await writeFile(join(place.path, file!), 'a file with the name of a session')
    await mkdir(join(place.path, empty!))
    await mkdir(join(place.path, foreign!))
    await writeFile(join(place.path, foreign!, 'data'), 'no session without an expiry')
    await mkdir(join(place.path, broken!))
    await writeFile(join(place.path, broken!, '.expiration_ts'), 'soon')
    await symlink(elsewhere, join(place.path, link!))
    await writeFile(join(elsewhere, '.expiration_ts'), '1893456000')
    const before = (await readdir(place.path, { recursive: true })).sort()

    const store = await place.open()
    const record = newRecord()
    await store.create(record)
    await putText(store, record, 'a', '1')
    for (const id of [file!, empty!, foreign!, link!, broken!]) {
      assert.equal(await store.open(id, 0), undefined)
      assert.equal(await store.look(id), undefined)
      assert.equal(await store.destroy(id, 0), false)
    }
    await store.destroy(record.id, 0)
    assert.deepEqual((await readdir(place.path, { recursive: true })).sort(), before)
    assert.deepEqual(await readdir(elsewhere), ['.expiration_ts'])
  } finally {
    await rm(elsewhere, { recursive: true })
  }
})

test('a folder or a whole root that has vanished breaks no other session', async () => {
  await using place = await filePlace()
  const store = await place.open()
  const [gone, stays] = [newRecord(), newRecord()]
  await store.create(gone)
  await store.create(stays)
  await rm(join(place.path, gone.id), { recursive: true })
  await assert.rejects(putText(store, gone, 'a', '1'), SessionNotFoundError)
  await putText(store, stays, 'a', '1')
  await rm(place.path, { recursive: true })
  assert.deepEqual(await store.ids(), [])
  assert.equal(await store.look(stays.id), undefined)
  const next = newRecord()
  await store.create(next)
  await putText(store, next, 'a', '2')
  assert.equal(await textAt(store, next.id, 'a'), 'json: 2')
})

test('a link or a folder in place of a value is no value', async () => {
  await using place = await filePlace()
  const store = await place.open()
  const record = newRecord()
  await store.create(record)
  await symlink('/etc/hostname', join(place.path, record.id, 'link'))
  await mkdir(join(place.path, record.id, 'folder'))
  assert.equal(await store.read(record.id, 'link'), undefined)
  assert.equal(await store.read(record.id, 'folder'), undefined)
  assert.deepEqual(await store.list(record.id), [])
})

test('a writer that is killed in the midst of a value leaves the old one, and its session to others', async () => {
  await using place = await filePlace()
  const store = await place.open()
  const record = newRecord()
  await store.create(record)
  await putText(store, record, 'a', 'old', 'bytes')
  const child = startProcess(process.execPath, [writer, place.path, record.id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await within(10_000, 'the writer is in the midst of it', once(child.stdout!, 'data'))
    await endProcess(child)
    const other = await place.open()
    assert.equal(await textAt(other, record.id, 'a'), 'bytes: old')
    assert.deepEqual(await other.list(record.id), [{ key: 'a', kind: 'bytes', bytes: 3 }])
    await putText(other, record, 'a', 'new', 'bytes')
    assert.equal(await textAt(store, record.id, 'a'), 'bytes: new')
    // A successor clears away what was half written.
    await other.open(record.id, 1)
    assert.deepEqual((await readdir(join(place.path, record.id), { recursive: true })).sort(), [
      '.bytes.a',
      '.epoch-1',
      '.expiration_ts',
    ])
    await other.destroy(record.id, 1)
    assert.deepEqual(await readdir(place.path), [])
  } finally {
    await endProcess(child)
  }
})

test('only the owner can look into sessions', async () => {
  await using place = await filePlace()
  const store = await createFileStore({ path: join(place.path, 'a', 'b') })
  const record = newRecord()
  await store.create(record)
  await putText(store, record, 'a', '1')
  const modes = ['', record.id, `${record.id}/a`].map(async (name) => {
    const { mode } = await stat(join(place.path, 'a', 'b', name))
    return (mode & 0o777).toString(8)
  })
  assert.deepEqual(await Promise.all(modes), ['700', '700', '600'])
})

test('a path that can not be a folder is refused at the start', async () => {
  await using place = await filePlace()
  await writeFile(join(place.path, 'file'), '')
  await assert.rejects(createFileStore({ path: join(place.path, 'file') }), SettingsError)
})
