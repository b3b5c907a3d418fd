/** Answers of a client to questions of a server, when the session has moved between the two. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { McpServer as McpServer2 } from '@modelcontextprotocol/server'
import { openStream } from './event-stream.fixture.ts'
import { call, initialize, post, startReplica } from './mcp-replica.fixture.ts'
import { openMcpStore } from './open-store.ts'
import type { McpServer, McpTransportOptions } from './sdk-shapes.ts'
import { unmarked } from './server-requests.ts'

/** What is used of a server of either generation. */
interface Asking extends McpServer {
  readonly server: { listRoots(): Promise<unknown> }
}

const sdks = {
  v1: {
    server: (): Asking => new McpServer1({ name: 'asking', version: '1' }),
    createTransport: (options: McpTransportOptions) => new StreamableHTTPServerTransport(options),
  },
  v2: {
    server: (): Asking => new McpServer2({ name: 'asking', version: '1' }),
    createTransport: (options: McpTransportOptions) => new NodeStreamableHTTPServerTransport(options),
  },
}

for (const [name, { server, createTransport }] of Object.entries(sdks)) {
  test(`the answer to a question of an earlier server never reaches a later one (${name})`, async () => {
    const servers: Asking[] = []
    const store = await openMcpStore('memory')
    const options = {
      store: { ...store, close: async () => {} },
      createServer() {
        const made = server()
        servers.push(made)
        return made
      },
      createTransport,
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
}

test('ids keep their type, and messages that are no answers pass', async () => {
  const result = {}
  assert.deepEqual(unmarked({ id: 'limpet-3-n7', result }, 3), { id: 7, result })
  assert.deepEqual(unmarked({ id: 'limpet-3-s7', result }, 3), { id: '7', result })
  assert.equal(unmarked({ id: 'limpet-2-n7', result }, 3), undefined)
  assert.equal(unmarked({ id: 7, result }, 3), undefined)
  const request = { id: 'limpet-2-n7', method: 'ping' }
  assert.deepEqual(unmarked([{ id: 7, result }, request], 3), [request])
})
