import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { Listening } from '@limpet/replica'
import { until } from '../../test/kit/process.ts'
import { temporaryFolder } from '../../test/kit/router.ts'
import { createMediaContainer } from './media-container.ts'

const media = randomBytes(300_000)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let listening: Listening

beforeEach(async () => {
  folder = await temporaryFolder()
  const settings = { enabled: true, path: folder.path }
  const container = await createMediaContainer({ name: 'otter', settings })
  listening = await container.listen({ port: 0, host: '127.0.0.1', signals: [] })
})
afterEach(async () => {
  await listening.close()
  await folder[Symbol.asyncDispose]()
})

interface Reply {
  readonly status: number
  readonly text: string
  readonly newSession: string | undefined
}

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Reply> {
  const url = `http://127.0.0.1:${listening.port}/invocations`
  const response = await fetch(url, { method: 'POST', body, headers })
  const newSession = response.headers.get('x-amzn-sagemaker-new-session-id')?.split(';')[0]
  return { status: response.status, text: await response.text(), newSession }
}

const sessionHeader = 'x-amzn-sagemaker-session-id'

function upload(bytes: Uint8Array<ArrayBuffer>, session?: string): Promise<Reply> {
  return post(bytes, { 'content-type': 'video/mp4', ...(session && { [sessionHeader]: session }) })
}

function ask(question: unknown, session?: string): Promise<Reply> {
  const text = typeof question === 'string' ? question : JSON.stringify(question)
  return post(text, { 'content-type': 'application/json', ...(session && { [sessionHeader]: session }) })
}

function askWith(question: unknown, bytes = media): Promise<Reply> {
  const attributes = JSON.stringify(question)
  return post(bytes, { 'content-type': 'video/mp4', 'x-amzn-sagemaker-custom-attributes': attributes })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const questions: readonly (readonly [object, object])[] = [
  [{ question: 'size' }, { bytes: media.length }],
  [{ question: 'byte', offset: 0 }, { byte: media[0] }],
  [{ question: 'byte', offset: 131_072 }, { byte: media[131_072] }],
  [{ question: 'byte', offset: media.length - 1 }, { byte: media.at(-1) }],
  [{ question: 'checksum' }, { sha256: sha256(media) }],
  [{ question: 'checksum', offset: 65_530 }, { sha256: sha256(media.subarray(65_530)) }],
  [{ question: 'checksum', offset: 9, length: 200_000 }, { sha256: sha256(media.subarray(9, 200_009)) }],
  [{ question: 'checksum', offset: media.length }, { sha256: sha256(Buffer.alloc(0)) }],
]

test('media that is sent once begins a session, and every question about it has the same answer as without', async () => {
  const { status, text, newSession } = await upload(media)
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(text), { replica: 'otter', bytes: media.length, sha256: sha256(media) })
  for (const [question, answer] of questions) {
    const expected = { replica: 'otter', ...answer }
    assert.deepEqual(JSON.parse((await ask(question, newSession)).text), expected)
    const sent = await askWith(question)
    assert.deepEqual([JSON.parse(sent.text), sent.newSession], [expected, undefined])
  }
  assert.deepEqual(await readdir(folder.path), [newSession])
})

test('media sent again takes the place of what the session held', async () => {
  const { newSession } = await upload(media)
  const other = randomBytes(5000)
  const again = await upload(other, newSession)
  assert.deepEqual([again.status, again.newSession], [200, undefined])
  assert.deepEqual(JSON.parse((await ask({ question: 'checksum' }, newSession)).text), {
    replica: 'otter',
    sha256: sha256(other),
  })
  const values = await readdir(join(folder.path, newSession!))
  assert.equal(values.filter((name) => name.startsWith('.bytes.')).length, 1)
})

test('an empty upload is refused, and leaves the old media or no session', async () => {
  const { newSession } = await upload(media)
  assert.deepEqual(await upload(Buffer.alloc(0), newSession), {
    status: 400,
    text: 'Bad request: the media is empty',
    newSession: undefined,
  })
  assert.match((await ask({ question: 'checksum' }, newSession)).text, new RegExp(sha256(media)))
  assert.deepEqual([(await upload(Buffer.alloc(0))).status, await readdir(folder.path)], [400, [newSession]])
})

test('an upload that breaks off leaves no session', async () => {
  const socket = connect(listening.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    'POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: video/mp4\r\nContent-Length: 9000\r\n\r\nabc',
  )
  await until('the upload has begun', async () => (await readdir(folder.path)).length === 1)
  socket.destroy()
  await until('its session is gone', async () => (await readdir(folder.path)).length === 0)
})

test('a question that has no answer is told why', async () => {
  const { newSession } = await upload(media)
  const refusals: readonly (readonly [unknown, RegExp])[] = [
    ['{"question"', /not JSON/],
    ['["size"]', /must be a JSON object/],
    [{ question: 'colour' }, /must be one of size, byte, checksum/],
    [{ question: 'constructor' }, /must be one of size, byte, checksum/],
    [{ question: 'byte' }, /needs an "offset"/],
    [{ question: 'byte', offset: -1 }, /"offset" must be a whole number/],
    [{ question: 'size', offset: 1 }, /has no field "offset"/],
    [{ question: 'byte', offset: media.length }, /ends after 300000 bytes/],
    [{ question: 'checksum', offset: 299_999, length: 2 }, /ends after 300000 bytes/],
    [{ question: 'checksum', offset: media.length + 1 }, /ends after 300000 bytes/],
    [`{"question": "size"${' '.repeat(4096)}}`, /at most 4096 bytes/],
  ]
  for (const [question, message] of refusals) {
    const { status, text } = await ask(question, newSession)
    assert.deepEqual([status, message.test(text)], [400, true], text)
  }
  assert.match((await askWith({ question: 'byte', offset: media.length })).text, /ends after 300000 bytes/)
  assert.match((await ask({ question: 'size' })).text, /there is no media to ask about/)
  assert.match((await ask({ question: 'size' }, 'no-such')).text, /session not found: no-such/)
})
