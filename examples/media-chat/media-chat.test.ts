import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/kit/router.ts'
import { startMediaChat } from './media-chat.ts'
import { MediaClient } from './media-client.ts'

const media = randomBytes(3_000_000)
const sha256 = createHash('sha256').update(media).digest('hex')

test('a file goes through the router once, and questions about it are answered to the byte where it lies', async () => {
  await using folder = await temporaryFolder()
  await using chat = await startMediaChat({ folder: folder.path })
  const path = join(folder.path, 'clip.mp4')
  await writeFile(path, media)
  using client = new MediaClient(chat.url)

  const { session, replica, ...kept } = await client.upload(path)
  assert.deepEqual(kept, { bytes: media.length, sha256 })
  const offset = 2_345_678
  assert.deepEqual(await client.ask(session, { question: 'size' }), { replica, bytes: media.length })
  assert.deepEqual(await client.ask(session, { question: 'checksum' }), { replica, sha256 })
  assert.deepEqual(await client.ask(session, { question: 'byte', offset }), { replica, byte: media[offset] })

  await client.close(session)
  await assert.rejects(client.ask(session, { question: 'size' }), { name: 'ValidationError' })
  assert.deepEqual(await readdir(chat.sessionsPath), [])
})

test('without a session each question brings the file along, and no session is left behind', async () => {
  await using folder = await temporaryFolder()
  await using chat = await startMediaChat({ folder: folder.path, containers: 1 })
  const path = join(folder.path, 'clip.mp4')
  await writeFile(path, media)
  using client = new MediaClient(chat.url)
  const replica = 'otter'
  assert.deepEqual(await client.askWith(path, { question: 'size' }), { replica, bytes: media.length })
  assert.deepEqual(await client.askWith(path, { question: 'checksum' }), { replica, sha256 })
  assert.deepEqual(await client.askWith(path, { question: 'byte', offset: 7 }), { replica, byte: media[7] })
  assert.deepEqual(await readdir(chat.sessionsPath), [])
})

test('a question without an answer is a ModelError that says why', async () => {
  await using folder = await temporaryFolder()
  await using chat = await startMediaChat({ folder: folder.path, containers: 1 })
  const path = join(folder.path, 'clip.mp4')
  await writeFile(path, 'abc')
  using client = new MediaClient(chat.url)
  const { session } = await client.upload(path)
  await assert.rejects(client.ask(session, { question: 'byte', offset: 3 }), {
    name: 'ModelError',
    OriginalStatusCode: 400,
    OriginalMessage: 'Bad request: the media ends after 3 bytes',
  })
})

test('what cannot be started says why, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder()
  await using chat = await startMediaChat({ folder: folder.path, containers: 1 })
  const before = await readdir(folder.path)
  const { host } = new URL(chat.url)
  await assert.rejects(
    startMediaChat({ folder: folder.path, containers: 1, listen: host }),
    /^Error: limpet: Something else listens/,
  )
  assert.deepEqual(await readdir(folder.path), before)
})
