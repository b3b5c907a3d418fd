import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { Json } from '../../kit/mcp/call.ts'
import { type ClientKind, connectClients } from '../../kit/mcp/clients.ts'
import { routerFront } from '../../kit/mcp/front.ts'
import { type EverythingMode, startEverythingServer } from '../../kit/mcp/server-everything.ts'
import { type McpServerProcess, startMcpServers } from '../../kit/mcp/servers.ts'
import { installMcpTools, programHome, programPath, runProgram } from '../../kit/mcp/tools.ts'

/** How many calls of tools each server has had. */
const callsOf = (servers: readonly McpServerProcess[]): Promise<number[]> =>
  Promise.all(servers.map(async (server) => (await server.statistics()).methods['tools/call'] ?? 0))

async function inspect(endpoint: string, ...args: string[]): Promise<Json> {
  const common = ['--cli', endpoint, '--transport', 'http', '--format', 'json', '--method']
  const { code, stdout, stderr } = await runProgram('inspector', [...common, ...args])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout).result
}

const resultOf = ({ content }: Json): Json => JSON.parse(content[0].text)

before(() => installMcpTools())

describe('the MCP inspector, behind a router', () => {
  for (const kind of ['v1', 'v2'] as const)
    test(`lists and calls the tools of a ${kind} server, and loads one session`, async () => {
      await using servers = await startMcpServers(kind, 2)
      await using front = await routerFront(servers)
      const endpoint = `${front.url}/mcp`
      const { tools } = await inspect(endpoint, 'tools/list')
      assert.ok(tools.some(({ name }: Json) => name === 'whoami'))
      const once = resultOf(await inspect(endpoint, 'tools/call', '--tool-name', 'count'))
      assert.equal(once.count, 1)

      const before = await callsOf(servers)
      const load = ['--load', '--load-requests', '200', '--load-concurrency', '8']
      const summary = await inspect(endpoint, 'tools/call', '--tool-name', 'count', ...load)
      assert.deepEqual([summary.ok, summary.errors, summary.toolErrors], [200, 0, 0])
      const after = await callsOf(servers)
      const grown = after.map((calls, index) => calls - before[index]!)
      assert.deepEqual(grown.sort(), [0, 200])
    })

  test('speaks 2026-07-28', async () => {
    await using servers = await startMcpServers('v2', 2)
    await using front = await routerFront(servers)
    const endpoint = `${front.url}/mcp`
    const modern = ['--protocol-era', 'modern']
    const { tools } = await inspect(endpoint, 'tools/list', ...modern)
    assert.ok(tools.some(({ name }: Json) => name === 'test_input_required_result_elicitation'))
    const load = ['--load', '--load-requests', '100', '--load-concurrency', '4']
    const summary = await inspect(endpoint, 'tools/call', '--tool-name', 'count', ...modern, ...load)
    assert.deepEqual([summary.ok, summary.errors], [100, 0])
  })
})

describe('mcp-remote, behind a router', () => {
  for (const [kind, transport] of [
    ['v1', 'http-only'],
    ['v2', 'http-only'],
    ['sse', 'sse-only'],
  ] as const)
    test(`brings a session over ${transport} to a ${kind} server`, async () => {
      await using servers = await startMcpServers(kind, 2)
      await using front = await routerFront(servers)
      await using home = await programHome()
      const endpoint = `${front.url}${kind === 'sse' ? '/sse' : '/mcp'}`
      const client = new Client({ name: 'limpet-test', version: '1.0.0' })
      const args = [programPath('mcp-remote'), endpoint, '--allow-http', '--transport', transport]
      const env = { ...(home.env as Record<string, string>), PATH: process.env.PATH! }
      await client.connect(
        new StdioClientTransport({ command: process.execPath, args, env, stderr: 'ignore' }),
      )
      try {
        for (let count = 1; count <= 10; count++) {
          const result = resultOf(await client.callTool({ name: 'count', arguments: {} }))
          assert.equal(result.count, count)
        }
      } finally {
        await client.close()
      }
      assert.deepEqual((await callsOf(servers)).sort(), [0, 10])
    })
})

describe('mcporter, behind a router', () => {
  test('lists and calls tools', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using front = await routerFront(servers)
    const endpoint = `${front.url}/mcp`
    const listed = await runProgram('mcporter', ['list', endpoint, '--allow-http'])
    assert.match(listed.stdout, /function notes_add/, listed.stderr)
    for (let run = 0; run < 3; run++) {
      const args = ['call', '--http-url', endpoint, '--allow-http', '--output', 'json', 'count']
      const { code, stdout, stderr } = await runProgram('mcporter', args)
      assert.equal(code, 0, stderr)
      assert.equal(JSON.parse(stdout).count, 1)
    }
  })
})

describe('the reference server, behind a router', () => {
  const modes: readonly (readonly [EverythingMode, string, readonly ClientKind[]])[] = [
    ['streamableHttp', '/mcp', ['v1', 'v2']],
    ['sse', '/sse', ['sse']],
  ]
  for (const [mode, path, kinds] of modes)
    test(`keeps the sessions of many clients in mode ${mode}`, async () => {
      await using a = await startEverythingServer(mode, 'a')
      await using b = await startEverythingServer(mode, 'b')
      await using front = await routerFront([a, b])
      await using clients = await connectClients(12, kinds, `${front.url}${path}`)
      for (let round = 0; round < 5; round++)
        await Promise.all(
          clients.map(async (client, index) => {
            const message = `${index}-${round}`
            assert.equal(await client.call('echo', { message }), `Echo: ${message}`)
          }),
        )
      assert.equal(a.sessions() + b.sessions(), 12)
      assert.ok(a.sessions() > 0 && b.sessions() > 0, 'one replica has all sessions')
    })
})
