/** Servers whose replicas share their sessions: with the router nothing is lost, and nothing begun anew. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ReplicaProcess, startReplica } from '../../../examples/mcp-notes/replica-process.ts'
import { type ClientKind, connectClient, type TestClient } from '../../kit/mcp/clients.ts'
import { mcpConfig } from '../../kit/mcp/front.ts'
import { startRedis } from '../../kit/redis-server.ts'
import { startRouter, temporaryFolder } from '../../kit/router.ts'

const kinds: readonly ClientKind[] = ['v1', 'v2']
const names = ['otter', 'seal', 'heron']

const places = {
  async files() {
    const folder = await temporaryFolder()
    return { url: `file:${folder.path}`, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
  },
  redis: () => startRedis(),
}

async function startReplicas(store: string): Promise<ReplicaProcess[] & AsyncDisposable> {
  const replicas = await Promise.all(names.map((name) => startReplica(name, store)))
  return Object.assign(replicas, {
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica.stop()))
    },
  })
}

const configOf = (replicas: readonly ReplicaProcess[]) =>
  mcpConfig(replicas.map(({ name, url }) => ({ name, url: new URL(url).origin })))

/** Adds a note, and checks that all that were added before are there. */
async function addNote(client: TestClient, notes: string[]): Promise<string> {
  notes.push(`note ${notes.length}`)
  const answer = await client.call('add_note', { text: notes.at(-1) })
  assert.deepEqual(answer.notes, notes)
  return answer.replica
}

for (const [kind, makePlace] of Object.entries(places)) {
  describe(`notes on replicas that share sessions in ${kind}`, () => {
    test('are all there after kill -9 of each home, in the same sessions', async () => {
      await using place = await makePlace()
      await using replicas = await startReplicas(place.url)
      await using router = await startRouter({ config: configOf(replicas) })
      const clients = await Promise.all(
        Array.from({ length: 8 }, (_, index) => connectClient(kinds[index % 2]!, `${router.url}/mcp`)),
      )
      const notes = clients.map((): string[] => [])
      const homes = await Promise.all(clients.map((client, index) => addNote(client, notes[index]!)))
      assert.ok(new Set(homes).size > 1, 'the sessions are spread')
      for (const replica of replicas.slice(0, 2)) {
        replica.signal('SIGKILL')
        await replica.ended
        const after = await Promise.all(clients.map((client, index) => addNote(client, notes[index]!)))
        assert.ok(!after.includes(replica.name))
      }
      const moves = await router.metrics()
      assert.equal(moves.sum('limpet_rehomes_total', { reason: 'unknown-session' }), 0)
      assert.equal(moves.sum('limpet_refusals_total'), 0)
      for (const client of clients) {
        assert.equal((await client.call('list_notes')).replica, names[2])
        await client[Symbol.asyncDispose]()
      }
    })

    test('that are added while the home is killed are told of in the stream that stays open', async () => {
      await using place = await makePlace()
      await using replicas = await startReplicas(place.url)
      await using router = await startRouter({ config: configOf(replicas) })
      await using client = await connectClient('v1', `${router.url}/mcp`)
      await client.request('logging/setLevel', { level: 'info' })
      const notes: string[] = []
      const home = await addNote(client, notes)
      assert.equal((await client.notified('notifications/message')).data, 'note 1: note 0')
      const killed = replicas.find(({ name }) => name === home)!
      killed.signal('SIGKILL')
      await killed.ended
      await addNote(client, notes)
      assert.equal((await client.notified('notifications/message')).data, 'note 2: note 1')
      const streams = client.exchanges.filter(({ method }) => method === 'GET')
      assert.equal(streams.length, 1, JSON.stringify(streams))
    })
  })
}
