import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { type ControlServer, startControlServer } from './control-server.ts'
import { GroupError, type ReplicaView } from './replica-group.ts'

const otter: ReplicaView = { name: 'otter', state: 'ready', pid: 17, sockets: 2 }
const did: string[] = []
const group = {
  views: [otter],
  add: async () => void did.push('add'),
  drain: async (name: string) => {
    if (name !== 'otter') throw new GroupError('DEMO_UNKNOWN', `There is no replica ${name}.`)
    did.push(`drain ${name}`)
  },
  kill: (name: string) => {
    if (name === 'crab') throw new Error('something that the page is not told')
    if (name !== 'otter') throw new GroupError('DEMO_DEAD', `${name} doesn't run right now.`)
    did.push(`kill ${name}`)
  },
}

let controls: ControlServer
before(async () => {
  controls = await startControlServer(group, ['demo.test'])
})
after(() => controls.close())

const json = { 'content-type': 'application/json' }

/** Asks as a router passes it on, with any Host field. */
function ask(
  path: string,
  headers: Record<string, string> = json,
  method = 'POST',
): Promise<{ status: number; code: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(controls.url + path, { method, headers }, async (response) => {
      const content = String(Buffer.concat(await response.toArray()))
      resolve({ status: response.statusCode ?? 0, code: content && JSON.parse(content).error.code })
    })
    asked.on('error', reject).end(method === 'POST' ? '{}' : undefined)
  })
}

test('the page adds, drains and kills', async () => {
  for (const path of ['/demo/replicas', '/demo/replicas/otter/drain', '/demo/replicas/otter/kill'])
    assert.equal((await ask(path)).status, 204)
  assert.deepEqual(did, ['add', 'drain otter', 'kill otter'])
})

const fromPage = {
  ...json,
  host: '127.0.0.1:8080',
  origin: 'http://127.0.0.1:8080',
  'sec-fetch-site': 'same-origin',
}
const refused: [what: string, path: string, headers: Record<string, string>, status: number, code: string][] =
  [
    ['another site', '/demo/replicas', { ...fromPage, origin: 'http://evil.example' }, 403, 'DEMO_FOREIGN'],
    ['a page of nowhere', '/demo/replicas', { ...fromPage, origin: 'null' }, 403, 'DEMO_FOREIGN'],
    [
      'another port of this machine',
      '/demo/replicas',
      { ...fromPage, origin: 'http://127.0.0.1:3000' },
      403,
      'DEMO_FOREIGN',
    ],
    [
      'a cross-site request',
      '/demo/replicas',
      { ...fromPage, 'sec-fetch-site': 'cross-site' },
      403,
      'DEMO_FOREIGN',
    ],
    [
      'a name of an attacker that leads here',
      '/demo/replicas',
      { ...json, host: 'evil.example:8080', origin: 'http://evil.example:8080' },
      403,
      'DEMO_FOREIGN',
    ],
    ['a form', '/demo/replicas', { 'content-type': 'text/plain' }, 415, 'DEMO_NOT_JSON'],
    ['an unknown replica', '/demo/replicas/whale/drain', json, 404, 'DEMO_UNKNOWN'],
    ['an unknown control', '/demo/replicas/otter/feed', json, 404, 'DEMO_UNKNOWN'],
    ['what can not be done now', '/demo/replicas/seal/kill', json, 409, 'DEMO_DEAD'],
    ['what fails', '/demo/replicas/crab/kill', json, 500, 'DEMO_FAILED'],
  ]
for (const [what, path, headers, status, code] of refused) {
  test(`${what} is refused with ${code}`, async () => {
    const before = did.length
    assert.deepEqual(await ask(path, headers), { status, code })
    assert.equal(did.length, before)
  })
}

test('its own page is let in, by any name of this machine and by the one it was given', async () => {
  for (const host of ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080', 'DEMO.test']) {
    const headers = { ...fromPage, host, origin: `http://${host}` }
    assert.equal((await ask('/demo/replicas', headers)).status, 204, host)
  }
})

test('other methods are refused', async () => {
  assert.deepEqual(await ask('/demo/replicas', json, 'PUT'), { status: 405, code: 'DEMO_METHOD' })
})

test('events tell who the replicas are, at once and when they change, until the demo ends', async () => {
  const own = await startControlServer(group, [])
  const response = await fetch(`${own.url}/demo/events`)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const events = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const next = async () => (await events.read()).value
  assert.equal(await next(), `event: replicas\ndata: ${JSON.stringify([otter])}\n\n`)
  own.changed()
  own.changed()
  assert.equal(await next(), `event: replicas\ndata: ${JSON.stringify([otter])}\n\n`)
  await own.close()
  assert.equal(await next(), undefined)
})
