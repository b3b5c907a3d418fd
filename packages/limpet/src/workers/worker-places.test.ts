import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openPorts, openSockets } from './worker-places.ts'

describe("workers' ports", () => {
  test('are all different, and stay as long as nobody else takes one', async () => {
    const places = await openPorts(50)
    const before = [...places.current]
    assert.equal(new Set(before.map(({ url }) => url)).size, 50)
    assert.deepEqual(await places.free(7), before[7])

    const taken = before[7]!
    assert.ok(taken.kind === 'port')
    const thief = createServer().listen(taken.port, '127.0.0.1')
    await once(thief, 'listening')
    try {
      const place = await places.free(7)
      assert.ok(!before.some(({ url }) => url === place.url))
      assert.deepEqual(places.current[7], place)
      assert.equal(
        place.kind === 'port' && place.url,
        `http://127.0.0.1:${place.kind === 'port' && place.port}`,
      )
    } finally {
      thief.close()
    }
    assert.deepEqual(await places.free(8), before[8])
  })
})

describe("workers' sockets", () => {
  test('are in a private folder, and what a dead worker has left there is cleared away', async () => {
    const places = await openSockets(2)
    const folder = places.folder!
    try {
      assert.equal((await stat(folder)).mode & 0o777, 0o700)
      assert.deepEqual(
        places.current.map(({ url }) => url),
        [`unix:${folder}/0.sock`, `unix:${folder}/1.sock`],
      )
      await writeFile(join(folder, '0.sock'), '')
      await places.free(1)
      assert.ok(existsSync(join(folder, '0.sock')))
      await places.free(0)
      assert.ok(!existsSync(join(folder, '0.sock')))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('are refused where their paths would be too long, and no folder stays', async () => {
    const before = process.env.TMPDIR
    const folder = await mkdtemp(join(tmpdir(), 'limpet-'))
    const deep = join(folder, 'x'.repeat(100))
    await mkdir(deep)
    try {
      process.env.TMPDIR = deep
      await assert.rejects(openSockets(1), {
        code: 'LIMPET_SOCKET_PATH',
        message: /set TMPDIR to a shorter one/,
      })
      assert.deepEqual(await readdir(deep), [])
    } finally {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
      await rm(folder, { recursive: true })
    }
  })
})
