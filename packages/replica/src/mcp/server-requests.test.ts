/** Answers of a client to questions of a server, when the session has moved between the two. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { openStream } from './event-stream.fixture.ts'
import { call, initialize, post, startReplica } from './mcp-replica.fixture.ts'
import { openMcpStore } from './open-store.ts'
import { unmarked } from './server-requests.ts'

test('the answer to a question of an earlier server never reaches a later one', async () => {
  const servers: McpServer[] = []
  const store = await openMcpStore('memory')
  const options = {
    store: { ...store, close: async () => {} },
    createServer() {
      const server = new McpServer({ name: 'asking', version: '1' })
      servers.push(server)
      return server
    },
    createTransport: (given: object) => new StreamableHTTPServerTransport(given),
  }
  await using a = await startReplica(options)
  await using b = await startReplica(options)
  const capable = { ...initialize.params, capabilities: { roots: {} } }
  const { headers } = await post(a.url, { ...initialize, params: capable })
  const id = headers.get('mcp-session-id')!
  const inSession = { 'mcp-session-id': id }

  const first = await openStream(a.url, id)
  const asked = servers[0]!.server.listRoots()
  asked.catch(() => {})
  const question = (await first.nextMessage())!
  first.abort()

  await call(b.url, id, 'ping')
  const second = await openStream(b.url, id)
  const askedAgain = servers[1]!.server.listRoots()
  const secondQuestion = (await second.nextMessage())!
  assert.notEqual(secondQuestion.message?.id, question.message?.id)

  const answer = (to: unknown, uri: string) => ({ jsonrpc: '2.0', id: to, result: { roots: [{ uri }] } })
  const late = await post(b.url, answer(question.message?.id, 'file:///old'), inSession)
  assert.equal(late.status, 202)
  await post(b.url, answer(secondQuestion.message?.id, 'file:///new'), inSession)
  assert.deepEqual(await askedAgain, { roots: [{ uri: 'file:///new' }] })
  second.abort()
})

test('ids keep their type, and messages that are no answers pass', async () => {
  const result = {}
  assert.deepEqual(unmarked({ id: 'limpet-3-n7', result }, 3), { id: 7, result })
  assert.deepEqual(unmarked({ id: 'limpet-3-s7', result }, 3), { id: '7', result })
  assert.equal(unmarked({ id: 'limpet-2-n7', result }, 3), undefined)
  assert.equal(unmarked({ id: 7, result }, 3), undefined)
  const request = { id: 'limpet-2-n7', method: 'ping' }
  assert.deepEqual(unmarked([{ id: 7, result }, request], 3), [request])
})
