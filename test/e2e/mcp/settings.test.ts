/** What a service may say of its MCP sessions, seen from outside. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json } from '../../kit/mcp/call.ts'
import { clientErrorOf } from '../../kit/mcp/client-errors.ts'
import { connectClient, type TestClient } from '../../kit/mcp/clients.ts'
import { mcpConfig, startMcpRouter } from '../../kit/mcp/front.ts'
import { type McpServerProcess, startMcpServers } from '../../kit/mcp/servers.ts'
import { until } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'

/** The config with more lines of the service. */
function configWith(servers: readonly McpServerProcess[], lines: readonly string[], drains?: string): string {
  const config = mcpConfig(servers, drains === undefined ? {} : { [drains]: 'drain: true' })
  return config.replace(
    '    dialect: mcp\n',
    `    dialect: mcp\n${lines.map((line) => `    ${line}\n`).join('')}`,
  )
}

async function homeOf(client: TestClient, servers: readonly McpServerProcess[]): Promise<McpServerProcess> {
  const name = await client.call('whoami')
  return servers.find((server) => server.name === name)!
}

/** A request of the revision without sessions; resolves to the replica that answered. */
async function modernCall(endpoint: string, headers: Record<string, string> = {}): Promise<Response> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { name: 'whoami', arguments: {}, _meta }
  return fetch(endpoint, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'whoami',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  })
}

async function answerer(response: Response): Promise<string> {
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return /\\?"text\\?":\s*\\?"\\?"?(\w+)/.exec(text)?.[1] ?? text
}

describe('drainTimeout', () => {
  test('has sessions with an open stream go on elsewhere unasked, and lets calls end where they run', async () => {
    await using servers = await startMcpServers('v1', 2)
    const settings = ['drainTimeout: 300ms']
    await using router = await startRouter({ config: configWith(servers, settings) })
    await using idle = await connectClient('v1', `${router.url}/mcp`)
    const home = await homeOf(idle, servers)
    const other = servers.find((server) => server !== home)!
    await until('its stream is open', () =>
      idle.exchanges.some(({ method, status }) => method === 'GET' && status === 200),
    )
    const call = idle.call('slow', { ms: 3000, call: 'long' })
    await home.called('long')
    await router.reload(configWith(servers, settings, home.name))
    assert.equal((await call) !== undefined, true, 'the call is answered by the replica that drains')
    await until('the stream is at the other replica', async () => {
      const { methods } = await other.statistics()
      // The first is asked by the name that nobody knows there.
      return methods.initialize === 1 && methods.GET === 2
    })
    assert.deepEqual(await idle.call('whoami'), other.name)
    assert.equal(idle.exchanges.filter(({ method }) => method === 'GET').length, 1)
    assert.equal((await router.metrics()).sum('limpet_rehomes_total', { reason: 'drained' }), 1)
  })

  test('moves nothing where there is nowhere to go', async () => {
    await using servers = await startMcpServers('v1', 1)
    const settings = ['drainTimeout: 100ms']
    await using router = await startRouter({ config: configWith(servers, settings) })
    await using client = await connectClient('v1', `${router.url}/mcp`)
    assert.equal((await client.call('count')).count, 1)
    await router.reload(configWith(servers, settings, 'a'))
    await until(
      'it has drained',
      async () =>
        (await router.metrics()).sum('limpet_replica_state', { replica: 'a', state: 'drained' }) === 1,
    )
    assert.equal((await client.call('count')).count, 2)
  })
})

describe('keepAlive', () => {
  test('has a comment sent in a stream that is silent, and none in one that is not', async () => {
    await using servers = await startMcpServers('v1', 1)
    const config = configWith(servers, ['mcp: { keepAlive: 200ms }'])
    await using router = await startRouter({ config })
    const endpoint = `${router.url}/mcp`
    await using client = await connectClient('v2', endpoint)
    const id = client.sessionId()!
    await client.request('ping')
    const headers = { accept: 'text/event-stream', 'mcp-protocol-version': '2025-11-25' }
    await until('the stream of the client is open', () =>
      client.exchanges.some(({ method }) => method === 'GET'),
    )
    // One stream a session: another one of its own.
    const begun = await fetch(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      }),
    })
    await begun.text()
    const own = begun.headers.get('mcp-session-id')!
    assert.notEqual(own, id)
    const stream = await fetch(endpoint, { headers: { ...headers, 'mcp-session-id': own } })
    assert.equal(stream.headers.get('x-accel-buffering'), 'no')
    let text = ''
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.split(': limpet\n\n').length > 3) break
    }
    assert.match(text, /^(: limpet\n\n)+$/)
  })
})

describe('session', () => {
  test('names requests without an MCP session: by a parameter of a tool, by a bearer, by a cookie', async () => {
    await using servers = await startMcpServers('v2', 3)
    for (const [source, headersOf] of [
      ['header:Mcp-Param-Tenant', (name: string) => ({ 'mcp-param-tenant': name })],
      ['bearer', (name: string) => ({ authorization: `Bearer ${name}` })],
    ] as const) {
      await using router = await startRouter({ config: configWith(servers, [`session: ${source}`]) })
      const homes = new Set<string>()
      for (let name = 0; name < 12; name++) {
        const headers = headersOf(`n${name}`)
        const answers = await Promise.all(
          Array.from({ length: 4 }, async () => answerer(await modernCall(`${router.url}/mcp`, headers))),
        )
        assert.equal(new Set(answers).size, 1, `${source}: ${answers}`)
        homes.add(answers[0]!)
      }
      assert.equal(homes.size, 3)
    }
    const settings = ['session: cookie', 'cookie: { name: ARRAffinity, pair: true }']
    await using router = await startRouter({ config: configWith(servers, settings) })
    const first = await modernCall(`${router.url}/mcp`)
    const cookies = first.headers.getSetCookie()
    assert.deepEqual(
      cookies.map((cookie) => cookie.split('=')[0]),
      ['ARRAffinity', 'ARRAffinitySameSite'],
    )
    const home = await answerer(first)
    const cookie = cookies[0]!.split(';')[0]!
    for (let request = 0; request < 6; request++) {
      const again = await modernCall(`${router.url}/mcp`, { cookie })
      assert.deepEqual([again.headers.get('limpet-decision'), await answerer(again)], ['hit', home])
    }
  })

  test('is none by default: such requests are balanced', async () => {
    await using servers = await startMcpServers('v2', 3)
    await using router = await startMcpRouter(servers)
    const answers = await Promise.all(Array.from({ length: 12 }, async () => modernCall(`${router.url}/mcp`)))
    assert.deepEqual(new Set(answers.map(({ headers }) => headers.get('limpet-decision'))), new Set(['none']))
    assert.ok(answers.every(({ headers }) => headers.getSetCookie().length === 0))
    assert.equal(new Set(await Promise.all(answers.map(answerer))).size, 3)
  })
})

describe('a service that does not begin sessions anew', () => {
  for (const [what, lines, expected] of [
    ['recover: reject', ['mcp: { recover: reject }'], 404],
    ['onLost: reject', ['onLost: reject'], 503],
  ] as const)
    test(`tells the client by ${expected} with ${what}, and its other clients nothing`, async () => {
      await using servers = await startMcpServers('v1', 2)
      await using router = await startRouter({ config: configWith(servers, lines) })
      await using one = await connectClient('v1', `${router.url}/mcp`)
      const home = await homeOf(one, servers)
      await using other = await connectClient('v1', `${router.url}/mcp`)
      assert.notEqual(await homeOf(other, servers), home, 'sessions are spread')
      await home.kill()
      const error = await one.call('whoami').then(() => undefined, clientErrorOf)
      assert.equal(error?.kind, 'transport')
      const { status } = one.exchanges.at(-1) as Json
      assert.equal(status, expected)
      assert.equal((await other.call('count')).count, 1)
    })
})
