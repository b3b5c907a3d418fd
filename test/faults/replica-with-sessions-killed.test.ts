import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { InvokeEndpointCommandInput } from '@aws-sdk/client-sagemaker-runtime'
import { type MediaChat, startMediaChat } from '../../examples/media-chat/media-chat.ts'
import { forEach, tally } from '../kit/client.ts'
import { temporaryFolder } from '../kit/router.ts'
import { SagemakerClient } from '../kit/sagemaker-client.ts'

const SESSIONS = 200
const lostMessage = 'The replica that held this session is gone, and this service does not move sessions.'

/** A live session and what it should know. */
interface MediaSession {
  readonly id: string
  readonly media: Buffer
  /** The replica that took the media in. */
  readonly home: string
}

async function invoke(client: SagemakerClient, input: Partial<InvokeEndpointCommandInput>) {
  const { body, sessionId } = await client.invoke(input)
  return { ...(JSON.parse(body) as { replica: string; sha256?: string }), sessionId }
}

function beginAll(client: SagemakerClient): Promise<MediaSession[]> {
  return forEach(Array.from({ length: SESSIONS }), 16, async () => {
    const media = randomBytes(5000)
    const { replica, sessionId } = await invoke(client, { SessionId: 'NEW_SESSION', Body: media })
    return { id: sessionId!, media, home: replica }
  })
}

/** Asks a session for the checksum of its media, and gives the replica that has answered rightly. */
async function verified(client: SagemakerClient, { id, media }: MediaSession): Promise<string> {
  const { replica, sha256 } = await invoke(client, {
    SessionId: id,
    ContentType: 'application/json',
    Body: JSON.stringify({ question: 'checksum' }),
  })
  assert.equal(sha256, createHash('sha256').update(media).digest('hex'))
  return replica
}

/** Kills the replica that most sessions have as their home, and gives its name. */
async function killBusiest(chat: MediaChat, sessions: readonly MediaSession[]): Promise<string> {
  const counts = tally(sessions.map(({ home }) => home))
  const [name] = Object.entries(counts).toSorted(([, a], [, b]) => b - a)[0]!
  assert.equal(Object.keys(counts).length, 4)
  assert.ok(counts[name]! >= SESSIONS / 4)
  await chat.containers.find((container) => container.name === name)!.kill()
  return name
}

describe('kill -9 of a replica that holds sessions, of four with 200', () => {
  test('on a shared path, all go on with their state: its own elsewhere, the others where they were', async () => {
    await using folder = await temporaryFolder()
    await using chat = await startMediaChat({ folder: folder.path, onLost: 'rehome' })
    using client = new SagemakerClient(chat.url, 'media-chat')
    const sessions = await beginAll(client)
    const killed = await killBusiest(chat, sessions)

    const homes = await forEach(sessions, 16, (session) => verified(client, session))
    for (const [index, { home }] of sessions.entries()) {
      if (home === killed) assert.notEqual(homes[index], killed)
      else assert.equal(homes[index], home)
    }
    const takers = homes.filter((_, index) => sessions[index]!.home === killed)
    assert.equal(Object.keys(tally(takers)).length, 3, 'the three others share them')

    // A session that has moved stays, takes new state, and ends as any other.
    assert.deepEqual(await forEach(sessions, 16, (session) => verified(client, session)), homes)
    const moved = sessions.find(({ home }) => home === killed)!
    const media = randomBytes(6000)
    await invoke(client, { SessionId: moved.id, Body: media })
    await verified(client, { ...moved, media })
    const { closedSession } = await client.invoke({
      SessionId: moved.id,
      ContentType: 'application/json',
      Body: JSON.stringify({ requestType: 'CLOSE' }),
    })
    assert.notEqual(closedSession, undefined)
    await assert.rejects(verified(client, moved), { name: 'ValidationError' })
  })

  test('with on-lost reject, exactly its own get a ValidationError that says so, and the others go on', async () => {
    await using folder = await temporaryFolder()
    await using chat = await startMediaChat({ folder: folder.path, onLost: 'reject' })
    using client = new SagemakerClient(chat.url, 'media-chat')
    const sessions = await beginAll(client)
    const killed = await killBusiest(chat, sessions)

    for (let round = 0; round < 2; round++) {
      await forEach(sessions, 16, async (session) => {
        if (session.home !== killed) assert.equal(await verified(client, session), session.home)
        else
          await assert.rejects(verified(client, session), { name: 'ValidationError', message: lostMessage })
      })
    }
    // New sessions are begun at the replicas that are left.
    const { replica } = await invoke(client, { SessionId: 'NEW_SESSION', Body: randomBytes(10) })
    assert.notEqual(replica, killed)
  })
})
