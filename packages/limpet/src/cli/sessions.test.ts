import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { type AdminParts, AdminServer } from '../admin/admin-server.ts'
import { memorySessions, sampleSession } from '../admin/sessions-view.fixture.ts'
import { sessions, sessionsHelp } from './sessions.ts'

const ada = sampleSession('chat', 'ada')
const bob = sampleSession('chat', 'bob é&=/', { replica: 'b', idleMs: 90_000 })
const hexId = '0123456789abcdef0123456789abcdef'
const hex = sampleSession('docs', hexId)

async function adminOf(parts: Partial<AdminParts> = {}) {
  const server = new AdminServer({
    metrics: { contentType: 'text/plain', text: async () => '' },
    isReady: () => true,
    sessions: memorySessions(['chat', 'docs'], [ada, bob, hex]),
    ...parts,
  })
  const port = await server.listen({ host: '127.0.0.1', port: 0 })
  return { place: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.close() }
}

/** Runs the command; what it wrote and its exit code. */
async function run(argv: string[], place?: string, token?: string) {
  const written = { stdout: '', stderr: '' }
  const admin = place === undefined ? [] : ['--admin', place]
  const streams = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
  }
  const code = await sessions(
    [...argv, ...admin],
    streams,
    token === undefined ? {} : { LIMPET_ADMIN_TOKEN: token },
  )
  return { code, ...written }
}

describe('limpet sessions, of a running router,', () => {
  it('lists them for people and for scripts', async () => {
    await using admin = await adminOf()
    const table = await run(['list'], admin.place)
    assert.equal(table.code, 0)
    assert.match(
      table.stdout,
      new RegExp(`^HASH .*\n${ada.hash}  chat .*\n${bob.hash} .*\n${hex.hash} .*\n3 sessions\n$`),
    )
    const list = ['list', '--service', 'chat', '--replica', 'b', '--idle', '1m', '--json']
    const { code, stdout } = await run(list, admin.place)
    assert.deepEqual([code, JSON.parse(stdout)], [0, { sessions: [bob], total: 1, truncated: false }])
    assert.match((await run(['list', '--limit', '1'], admin.place)).stdout, /\n1 of 3 sessions;/)
  })

  it('shows one by its hash and by its id', async () => {
    await using admin = await adminOf()
    for (const argv of [[ada.hash], ['ada', '--service', 'chat']]) {
      const { code, stdout } = await run(['show', ...argv], admin.place)
      assert.deepEqual([code, stdout.split('\n')[0]], [0, `hash     ${ada.hash}`])
    }
    const shown = await run(['show', 'bob é&=/', '--service', 'chat', '--json'], admin.place)
    assert.deepEqual(JSON.parse(shown.stdout), bob)
  })

  it('takes an id of 32 digits that is no hash for an id', async () => {
    await using admin = await adminOf()
    const { stdout } = await run(['show', hexId, '--service', 'docs', '--json'], admin.place)
    assert.deepEqual(JSON.parse(stdout), hex)
  })

  it('closes one, once', async () => {
    await using admin = await adminOf()
    const close = ['close', 'ada', '--service', 'chat']
    const stdout = `closed session ${ada.hash} of chat, which was on a\n`
    assert.deepEqual(await run(close, admin.place), { code: 0, stdout, stderr: '' })
    assert.match((await run(['show', ada.hash], admin.place)).stdout, /replica {2}\(closed\)\n/)
    const again = `session ${ada.hash} was closed already\n`
    assert.equal((await run(close, admin.place)).stdout, again)
    const json = await run(['close', bob.hash, '--json'], admin.place)
    assert.deepEqual(JSON.parse(json.stdout), bob)
  })

  it('sends its token', async () => {
    await using admin = await adminOf({ token: 'tökén' })
    assert.equal((await run(['list'], admin.place, 'tökén')).code, 0)
    assert.deepEqual(await run(['list'], admin.place), {
      code: 1,
      stdout: '',
      stderr:
        'limpet sessions: The admin token is missing or wrong. Send the LIMPET_ADMIN_TOKEN of the router as ' +
        'Authorization: Bearer TOKEN.\n',
    })
  })

  it('says what is missing', async () => {
    await using admin = await adminOf()
    const cases: [argv: string[], stderr: RegExp][] = [
      [['show', 'eve', '--service', 'chat'], /^limpet sessions: There is no such session\. It expired/],
      [['close', '0'.repeat(32), '--service', 'chat'], /There is no such session\./],
      [['show', 'ada'], /Several services are configured\. Name one of the services: chat, docs\./],
      [
        ['show', 'ada', '--service', 'x'],
        /There is no such service\. No service is named "x"; there are: chat/,
      ],
      [['list', '--service', 'x'], /There is no such service\./],
    ]
    for (const [argv, stderr] of cases) {
      const told = await run(argv, admin.place)
      assert.deepEqual([told.code, told.stdout], [1, ''])
      assert.match(told.stderr, stderr)
    }
  })

  it('says when something else answers', async () => {
    const other = createServer((request, response) => {
      if (request.url?.startsWith('/sessions/')) response.writeHead(302, { location: '/elsewhere' })
      else if (request.url?.includes('id=')) response.setHeader('content-type', 'application/json')
      response.end('{"error":"{}"')
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const place = `127.0.0.1:${(other.address() as AddressInfo).port}`
    for (const argv of [['list'], ['show', ada.hash], ['show', 'ada']]) {
      const { code, stdout, stderr } = await run(argv, place)
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(
        stderr,
        /^limpet sessions: What answers at 127\.0\.0\.1:\d+ shows no sessions .*--admin HOST:PORT/,
      )
    }
    await using without = await adminOf({ sessions: undefined as never })
    assert.match((await run(['list'], without.place)).stderr, /shows no sessions \(status 404\)/)
    other.closeAllConnections()
    other.close()
    await once(other, 'close')
  })

  it('says when there is no router', async () => {
    const { place } = await (async () => {
      await using admin = await adminOf()
      return admin
    })()
    assert.deepEqual(await run(['list'], place), {
      code: 1,
      stdout: '',
      stderr:
        `limpet sessions: No router can be asked at ${place}: ECONNREFUSED. Start it with limpet serve --admin, or ` +
        'name its admin listener with --admin HOST:PORT.\n',
    })
  })

  it('prints its help, and exits with 2 for wrong arguments', async () => {
    assert.deepEqual(await run(['--help']), { code: 0, stdout: sessionsHelp, stderr: '' })
    const stderr = 'limpet sessions show needs one ID or HASH\n'
    assert.deepEqual(await run(['show']), { code: 2, stdout: '', stderr })
  })
})
