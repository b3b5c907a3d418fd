/** A container as a process of its own: large uploads, and how it stops. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { within } from '../../../test/kit/process.ts'
import { closeBody, idIn, newSessionBody, sessionId } from './container.fixture.ts'
import { type ModelServer, startModelServer } from './start-model-server.fixture.ts'
import { filePlace, redisPlace } from './store/place.fixture.ts'

const MiB = 1024 * 1024

const post = (server: ModelServer, body: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

async function begin(server: ModelServer): Promise<string> {
  return idIn((await post(server, newSessionBody)).headers)
}

for (const [kind, makePlace] of [
  ['file', async () => filePlace().then((place) => ({ place, at: place.path }))],
  ['Redis', async () => redisPlace().then((place) => ({ place, at: place.url }))],
] as const) {
  describe(`with sessions in the ${kind} store`, () => {
    test('250 MB stream in and out of a session in flat memory', async () => {
      const { place, at } = await makePlace()
      await using _ = place
      await using server = await startModelServer('a', at)
      const id = await begin(server)
      const first = await post(server, '{"say":"x"}', { [sessionId]: id })
      const { maxRssKiB: before } = (await first.json()) as { maxRssKiB: number }
      const sent = createHash('sha256')
      async function* film() {
        for (let i = 0; i < 250; i++) {
          const piece = Buffer.alloc(MiB, `${i}.`)
          sent.update(piece)
          yield piece
        }
      }
      const uploaded = await fetch(`${server.url}/invocations`, {
        method: 'POST',
        headers: { 'content-type': 'video/mp4', [sessionId]: id },
        body: ReadableStream.from(film()),
        duplex: 'half',
      } as RequestInit)
      assert.equal(uploaded.status, 200)
      const downloaded = await post(server, '{"film":true}', { [sessionId]: id })
      const got = createHash('sha256')
      for await (const piece of downloaded.body!) got.update(piece)
      assert.equal(got.digest('hex'), sent.digest('hex'))
      const last = await post(server, '{"say":"y"}', { [sessionId]: id })
      const { maxRssKiB: after } = (await last.json()) as { maxRssKiB: number }
      assert.ok(after - before < 125 * 1024, `grew by ${Math.round((after - before) / 1024)} MiB`)
    })

    test('the state of a server that was killed is there at the next one', async () => {
      const { place, at } = await makePlace()
      await using _ = place
      await using one = await startModelServer('a', at)
      const id = await begin(one)
      await post(one, '{"say":"hello"}', { [sessionId]: id })
      one.child.kill('SIGKILL')
      await one.exited
      await using other = await startModelServer('b', at)
      const answer = await post(other, '{"say":"again"}', { [sessionId]: id, 'limpet-epoch': '1' })
      const { name, said } = (await answer.json()) as { name: string; said: string[] }
      assert.deepEqual({ name, said }, { name: 'b', said: ['hello', 'again'] })
    })

    test('two processes at one place see each other’s sessions', async () => {
      const { place, at } = await makePlace()
      await using _ = place
      await using one = await startModelServer('a', at)
      await using other = await startModelServer('b', at)
      const ids = await Promise.all([one, other, one, other].map(begin))
      for (const id of ids) {
        for (const server of [one, other]) {
          assert.equal((await post(server, '{"say":"x"}', { [sessionId]: id })).status, 200)
        }
      }
      for (const id of ids) assert.equal((await post(other, closeBody, { [sessionId]: id })).status, 200)
      for (const id of ids) assert.equal((await post(one, '{}', { [sessionId]: id })).status, 400)
    })
  })
}

test('SIGTERM lets what is under way finish, refuses the rest and exits with 0', async () => {
  await using place = await filePlace()
  await using server = await startModelServer('a', place.path)
  const id = await begin(server)
  const arrival = server.arrival()
  const slow = post(server, '{"say":"last words","waitMs":400}', { [sessionId]: id })
  await arrival
  server.child.kill('SIGTERM')
  const answer = (await (await slow).json()) as { said: string[] }
  assert.deepEqual(answer.said, ['last words'])
  assert.deepEqual(await within(10_000, 'the process ends', server.exited), [0, null])
  await assert.rejects(post(server, '{}'))
  await using next = await startModelServer('b', place.path)
  const { said } = (await (await post(next, '{"say":"x"}', { [sessionId]: id })).json()) as { said: string[] }
  assert.deepEqual(said, ['last words', 'x'])
})

test('SIGTERM ends an idle server with open connections at once', async () => {
  await using place = await filePlace()
  await using server = await startModelServer('a', place.path)
  await begin(server)
  server.child.kill('SIGTERM')
  assert.deepEqual(await within(2000, 'the process ends', server.exited), [0, null])
})
