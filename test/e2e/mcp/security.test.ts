import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json } from '../../kit/mcp/call.ts'
import { mcpConfig, startMcpRouter } from '../../kit/mcp/front.ts'
import { type McpServerProcess, startMcpServers } from '../../kit/mcp/servers.ts'
import { startRouter } from '../../kit/router.ts'

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as an authorization server issues it. Nobody here looks at its signature. */
function token(subject: string, issuer = 'https://issuer.test', id = '1'): string {
  const claims = { iss: issuer, sub: subject, jti: id, exp: 4_000_000_000 }
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${part(`${subject}${id}`)}`
}

interface Sent {
  readonly id?: string | undefined
  readonly bearer?: string
  readonly method?: 'POST' | 'GET' | 'DELETE'
  readonly body?: Json
}

const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'count', arguments: {} } }

async function send(endpoint: string, { id, bearer, method = 'POST', body = call }: Sent): Promise<Response> {
  return fetch(endpoint, {
    method,
    headers: {
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...(method === 'POST' && { 'content-type': 'application/json' }),
      ...(id !== undefined && { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }),
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    },
    ...(method === 'POST' && { body: JSON.stringify(body) }),
  })
}

/** Begins a session and resolves to its id. */
async function begin(endpoint: string, bearer?: string): Promise<string> {
  const authorization = bearer === undefined ? {} : { bearer }
  const clientInfo = { name: 'limpet-test', version: '1.0.0' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
  const begun = await send(endpoint, { ...authorization, body })
  await begun.text()
  const id = begun.headers.get('mcp-session-id')!
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  const answer = await send(endpoint, { ...authorization, id, body: initialized })
  assert.equal(answer.status, 202)
  return id
}

/** The session goes on: its counter says so. */
async function assertCounts(endpoint: string, sent: Sent, count: number): Promise<void> {
  const answer = await send(endpoint, sent)
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), new RegExp(`\\\\"count\\\\":${count}}`))
}

/** 404 with an error of JSON-RPC, as for an id that there never was, whatever the method. */
async function assertUnknown(endpoint: string, sent: Sent): Promise<void> {
  for (const method of ['POST', 'GET', 'DELETE'] as const) {
    const answer = await send(endpoint, { ...sent, method })
    assert.equal(answer.status, 404, method)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    const { jsonrpc, id, error } = (await answer.json()) as Json
    assert.deepEqual([jsonrpc, id], ['2.0', method === 'POST' ? call.id : null])
    assert.equal(typeof error.code, 'number')
    assert.equal(typeof error.message, 'string')
  }
}

/** How many requests the servers have seen. */
async function seenBy(servers: readonly McpServerProcess[]): Promise<number> {
  const all = await Promise.all(servers.map(async (server) => (await server.statistics()).methods))
  return all.flatMap((methods) => Object.values(methods)).reduce((sum, times) => sum + times, 0)
}

/** `id` with another character of the same kind at `index`. */
function altered(id: string, index: number): string {
  const at = index < 0 ? id.length + index : index
  return `${id.slice(0, at)}${id[at] === 'a' ? 'b' : 'a'}${id.slice(at + 1)}`
}

describe('a session id', () => {
  test('that was altered anywhere, cut or made up is unknown, and no replica sees it', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using router = await startMcpRouter(servers)
    const endpoint = `${router.url}/mcp`
    const id = await begin(endpoint)
    const other = await begin(endpoint)
    const before = await seenBy(servers)
    const forged = [
      ...Array.from({ length: id.length }, (_, index) => altered(id, index)),
      id.slice(0, -1),
      `${id}a`,
      id.slice(0, 36),
      // The session of one with what the router has added for another.
      `${id.slice(0, 36)}${other.slice(36)}`,
      '00000000-0000-4000-8000-000000000000',
      'x'.repeat(2000),
    ]
    for (const made of forged.filter((made) => made !== id)) await assertUnknown(endpoint, { id: made })
    assert.equal(await seenBy(servers), before)
    await assertCounts(endpoint, { id }, 1)
  })

  test('tells nothing of where its replica is', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using router = await startMcpRouter(servers)
    const id = await begin(`${router.url}/mcp`)
    const readable = id + Buffer.from(id.slice(36), 'base64url').toString('latin1')
    for (const { port, name } of servers) {
      assert.ok(!readable.includes(`${port}`))
      assert.ok(!readable.includes('127.0.0.1'))
      assert.ok(!id.slice(36).split(/[.~]/).includes(name))
    }
    assert.match(id, /^[\x21-\x7e]+$/)
  })

  test('of one service is unknown to another, even of the same replicas', async () => {
    await using servers = await startMcpServers('v1', 2)
    const replicas = servers.map(({ name, url }) => `{ name: ${name}, url: '${url}' }`).join(', ')
    const service = (name: string, path: string) =>
      `  - { name: ${name}, dialect: mcp, match: [{ path: ${path} }], replicas: [${replicas}] }\n`
    const config = `services:\n${service('one', '/mcp')}${service('two', '/other/mcp')}`
    await using router = await startRouter({ config })
    const [one, two] = [`${router.url}/mcp`, `${router.url}/other/mcp`]
    const id = await begin(one)
    await assertCounts(one, { id }, 1)
    await assertUnknown(two, { id })
    await assertCounts(one, { id }, 2)
    await assertCounts(two, { id: await begin(two) }, 1)
  })
})

describe('a session that a principal has begun', () => {
  test('goes on with that principal alone, and with a refreshed token', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using router = await startMcpRouter(servers)
    const endpoint = `${router.url}/mcp`
    const id = await begin(endpoint, token('alice'))
    await assertCounts(endpoint, { id, bearer: token('alice') }, 1)
    await assertCounts(endpoint, { id, bearer: token('alice', 'https://issuer.test', '2') }, 2)

    const before = await seenBy(servers)
    await assertUnknown(endpoint, { id, bearer: token('mallory') })
    await assertUnknown(endpoint, { id, bearer: token('alice', 'https://other.test') })
    await assertUnknown(endpoint, { id, bearer: 'opaque' })
    await assertUnknown(endpoint, { id })
    assert.equal(await seenBy(servers), before)
    await assertCounts(endpoint, { id, bearer: token('alice', 'https://issuer.test', '3') }, 3)
  })

  test('of opaque tokens, which are refreshed and say not whose they are, needs a token', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using router = await startMcpRouter(servers)
    const endpoint = `${router.url}/mcp`
    const id = await begin(endpoint, 'opaque-1')
    await assertCounts(endpoint, { id, bearer: 'opaque-2' }, 1)
    await assertUnknown(endpoint, { id })
    await assertUnknown(endpoint, { id, bearer: token('alice') })
  })

  test('goes on with the same credential alone, where the service wants that', async () => {
    await using servers = await startMcpServers('v1', 2)
    const config = mcpConfig(servers).replace('dialect: mcp', 'dialect: mcp\n    mcp: { bind: credential }')
    await using router = await startRouter({ config })
    const endpoint = `${router.url}/mcp`
    const id = await begin(endpoint, 'opaque-1')
    await assertCounts(endpoint, { id, bearer: 'opaque-1' }, 1)
    await assertUnknown(endpoint, { id, bearer: 'opaque-2' })
    await assertCounts(endpoint, { id, bearer: 'opaque-1' }, 2)
  })

  test('is not taken over by another after its replica is gone', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using router = await startMcpRouter(servers)
    const endpoint = `${router.url}/mcp`
    const id = await begin(endpoint, token('alice'))
    const home = (
      await Promise.all(servers.map(async (s) => ((await s.statistics()).sessions > 0 ? s : undefined)))
    ).find((server) => server !== undefined)!
    await home.kill()
    await assertUnknown(endpoint, { id, bearer: token('mallory') })
    await assertCounts(endpoint, { id, bearer: token('alice', 'https://issuer.test', '2') }, 1)
  })

  test('that has ended is unknown to its principal, too', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using router = await startMcpRouter(servers)
    const endpoint = `${router.url}/mcp`
    const id = await begin(endpoint, token('alice'))
    const ended = await send(endpoint, { id, bearer: token('alice'), method: 'DELETE' })
    assert.equal(ended.status, 200)
    await assertUnknown(endpoint, { id, bearer: token('alice') })
  })
})
