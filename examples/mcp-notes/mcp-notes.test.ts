/** Replicas as processes, killed and paused, and the clients of both SDK generations, which notice nothing of it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../test/kit/process.ts'
import { type RedisServer, startRedis } from '../../test/kit/redis-server.ts'
import { temporaryFolder } from '../../test/kit/router.ts'
import { clients, type Pick } from './notes-client.fixture.ts'
import { notesUri } from './notes-server.ts'
import { type ReplicaProcess, startReplica } from './replica-process.ts'

let redis: RedisServer
let folder: Awaited<ReturnType<typeof temporaryFolder>>
before(async () => {
  redis = await startRedis()
  folder = await temporaryFolder()
})
after(async () => {
  await redis[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function startAll(names: readonly string[], store: string) {
  const replicas = await Promise.all(names.map((name) => startReplica(name, store)))
  return {
    replicas: replicas as [ReplicaProcess, ReplicaProcess, ...ReplicaProcess[]],
    async [Symbol.asyncDispose]() {
      for (const { signal } of replicas) signal('SIGKILL')
      await Promise.all(replicas.map(({ ended }) => ended))
    },
  }
}

async function kill({ signal, ended }: ReplicaProcess): Promise<void> {
  signal('SIGKILL')
  await ended
}

for (const [clientName, connect] of clients) {
  for (const [storeName, address] of [
    ['file', () => `file:${join(folder.path, randomUUID())}`],
    ['redis', () => redis.url],
  ] as const) {
    describe(`${clientName}, store ${storeName}`, () => {
      test('each request goes to another replica, two of three are killed, and no note is lost', async () => {
        await using all = await startAll(['a', 'b', 'c'], address())
        let turn = 0
        // No stream of notifications beside the calls: it would draw the session to the replica that it is at.
        const next: Pick = (method) => (method === 'GET' ? undefined : all.replicas[turn++ % 3]!.url)
        await using client = await connect(next)
        const expected: string[] = []
        const answered = new Set<string>()
        const add = async (text: string): Promise<void> => {
          expected.push(text)
          const { notes, replica } = await client.call('add_note', { text })
          answered.add(replica)
          assert.deepEqual(notes, expected)
        }
        for (let i = 0; i < 9; i++) await add(`note ${i}`)
        assert.deepEqual([...answered].sort(), ['a', 'b', 'c'])
        await kill(all.replicas[0])
        for (let i = 0; i < 4; i++) await add(`after the first ${i}`)
        await kill(all.replicas[1])
        for (let i = 0; i < 4; i++) await add(`after the second ${i}`)
        assert.deepEqual((await client.call('list_notes')).notes, expected)
      })

      test('messages that a client misses while its replica dies come from the next one, in order, once', async () => {
        await using all = await startAll(['a', 'b'], address())
        const [a, b] = all.replicas
        let home = a
        await using client = await connect(() => home.url)
        await client.subscribe(notesUri)
        await client.call('add_note', { text: '1' })
        await client.call('add_note', { text: '2' })
        await until('the first messages are there', () => client.heard.length === 4)
        home = b
        await kill(a)
        // Sent while the client is about to come back.
        for (const text of ['3', '4', '5']) await client.call('add_note', { text })
        await until('all messages are there', () => client.heard.length >= 10)
        await client.call('add_note', { text: '6' })
        await until('the last message is there', () => client.heard.includes('note 6: 6'))
        await until('and that of the resource', () => client.heard.length >= 12)
        const expected = ['1', '2', '3', '4', '5', '6'].flatMap((text) => [`note ${text}: ${text}`, notesUri])
        assert.deepEqual(client.heard, expected)
      })

      test('a replica that comes back from the dead overwrites nothing, and serves the session again', async () => {
        await using all = await startAll(['a', 'b'], address())
        const [a, b] = all.replicas
        let home = a
        await using client = await connect(() => home.url)
        const dictated = client.call('dictate', { texts: ['1', '2', '3', '4', '5', '6'], pauseMs: 300 })
        const failed = assert.rejects(dictated, /moved to another replica/)
        await until('two notes are there', () => client.heard.length >= 2)
        a.signal('SIGSTOP')
        home = b
        const { notes } = await client.call('list_notes')
        assert.deepEqual(notes, ['1', '2', '3', '4', '5', '6'].slice(0, notes.length))
        assert.ok(notes.length < 6)
        await client.call('add_note', { text: 'successor' })
        a.signal('SIGCONT')
        await failed
        const expected = [...notes, 'successor']
        assert.deepEqual(await client.call('list_notes'), { replica: 'b', notes: expected })
        home = a
        assert.deepEqual(await client.call('list_notes'), { replica: 'a', notes: expected })
        home = b
        assert.deepEqual((await client.call('add_note', { text: 'last' })).notes, [...expected, 'last'])
      })

      test('a call whose replica dies fails soon, and says why', async () => {
        await using all = await startAll(['a', 'b'], address())
        const [a, b] = all.replicas
        let home = a
        await using client = await connect(() => home.url)
        const call = client.call('dictate', { texts: ['1', '2'], pauseMs: 60_000 })
        const failed = assert.rejects(call, /replica that had this request in hand has lost the session/)
        await until('a note is there', () => client.heard.length >= 1)
        home = b
        await kill(a)
        await failed
        assert.deepEqual((await client.call('list_notes')).notes, ['1'])
      })

      test('a request that lay at a paused replica, and that nobody waits for, is not carried out late', async () => {
        await using all = await startAll(['a', 'b'], address())
        const [a, b] = all.replicas
        let home = a
        await using client = await connect(() => home.url)
        await client.call('add_note', { text: '1' })
        a.signal('SIGSTOP')
        const abandoned = new AbortController()
        const message = {
          jsonrpc: '2.0',
          id: 'late',
          method: 'tools/call',
          params: { name: 'add_note', arguments: { text: 'late' } },
        }
        const sent = fetch(a.url, {
          method: 'POST',
          headers: {
            accept: 'application/json, text/event-stream',
            'content-type': 'application/json',
            'mcp-session-id': client.sessionId,
          },
          body: JSON.stringify(message),
          signal: abandoned.signal,
        })
        home = b
        await client.call('add_note', { text: '2' })
        abandoned.abort()
        await assert.rejects(sent)
        a.signal('SIGCONT')
        await until('it is awake, and has let go of the session', async () => {
          const health = await fetch(new URL('/healthz', a.url))
          return ((await health.json()) as { live: number }).live === 0
        })
        assert.deepEqual((await client.call('add_note', { text: '3' })).notes, ['1', '2', '3'])
      })

      test('a call that is under way at one replica lets another one have the session', async () => {
        await using all = await startAll(['a', 'b'], address())
        const [a, b] = all.replicas
        let home = a
        await using client = await connect(() => home.url)
        // It has written all it writes when the other one begins.
        const slow = client.call('dictate', { texts: ['1'], pauseMs: 1500 })
        await until('the note is there', () => client.heard.length >= 1)
        home = b
        assert.deepEqual(await client.call('add_note', { text: '2' }), { replica: 'b', notes: ['1', '2'] })
        assert.deepEqual(await slow, { replica: 'a', notes: ['1', '2'] })
      })

      test('a session that is ended at one replica is unknown to all', async () => {
        await using all = await startAll(['a', 'b'], address())
        const [a, b] = all.replicas
        let home = a
        await using client = await connect(() => home.url)
        await client.call('add_note', { text: '1' })
        home = b
        const headers = { 'mcp-session-id': client.sessionId }
        await client.end()
        for (const { url } of [a, b]) {
          const late = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' } })
          assert.equal(late.status, 404)
          assert.equal(((await late.json()) as { error: { code: number } }).error.code, -32001)
        }
      })
    })
  }
}
