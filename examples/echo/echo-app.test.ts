import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createEchoApp } from './echo-app.ts'
import { openSocket, startBroker, startEchoReplica } from './echo-replica.fixture.ts'
import type { SocketMessage } from './echo-words.ts'

type Broker = Awaited<ReturnType<typeof startBroker>>
type Replica = Awaited<ReturnType<typeof startEchoReplica>>

let broker: Broker
let otter: Replica
let seal: Replica
before(async () => {
  broker = await startBroker()
  otter = await startEchoReplica('otter', broker)
  seal = await startEchoReplica('seal', broker)
})
after(async () => {
  await otter[Symbol.asyncDispose]()
  await seal[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

const newClient = () => crypto.randomUUID()
const client = newClient()
const asked = { client, text: 'salty harbour', way: 'http', ref: '7' }

describe('the page', () => {
  test('says which replica it is from, and may load nothing from elsewhere', async () => {
    const response = await fetch(`${otter.url}/?text=hi`)
    const html = await response.text()
    assert.match(html, /<html lang="en" data-replica="otter" data-controls="">/)
    assert.doesNotMatch(html, /\{\{|https?:\/\/|<script>| style=| on\w+=/)
    assert.match(
      response.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; script-src 'self';/,
    )
    assert.deepEqual(
      [response.headers.get('content-type'), response.headers.get('cache-control')],
      ['text/html; charset=utf-8', 'no-store'],
    )
  })

  test('has all its files, which are asked for by their tag', async () => {
    const html = await (await fetch(otter.url)).text()
    const scripts = readdirSync(new URL('page/', import.meta.url)).filter((name) => name.endsWith('.js'))
    const paths = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!)
    for (const path of new Set([...paths, ...scripts.map((name) => `/page/${name}`)])) {
      const response = await fetch(otter.url + path)
      assert.equal(response.status, 200, path)
      assert.match(
        response.headers.get('content-type') ?? '',
        /^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/,
      )
      await response.arrayBuffer()
      const etag = response.headers.get('etag') ?? ''
      const again = await fetch(otter.url + path, { headers: { 'if-none-match': etag } })
      assert.deepEqual([again.status, await again.text()], [304, ''])
    }
    const head = await fetch(`${otter.url}/page/main.js`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
  })

  test('is all that can be read', async () => {
    for (const path of [
      '/page/',
      '/page/tsconfig.json',
      '/page/index.html',
      '/page/%2e%2e/echo-app.ts',
      '/x',
      '//',
    ]) {
      assert.equal((await fetch(otter.url + path)).status, 418, path)
    }
  })

  test('can not be had with a name that HTML or the picture could stumble over', () => {
    assert.throws(() => createEchoApp({ name: '"><script>', channel: otter.channel }), /can't be the name/)
  })
})

describe('POST /echo', () => {
  test('echoes in its answer', async () => {
    const { status, answer } = await otter.post(asked)
    assert.equal(status, 200)
    assert.deepEqual(answer, { replica: 'otter', way: 'http', text: '[otter]  salty harbour' })
  })

  const { text: _, ...withoutText } = asked
  const refused: [
    what: string,
    body: unknown,
    status: number,
    code: string,
    headers?: Record<string, string>,
  ][] = [
    ['what is no JSON', '{"client":', 400, 'ECHO_BAD_REQUEST'],
    ['what is no object', '[]', 400, 'ECHO_BAD_REQUEST'],
    ['no client', { ...asked, client: undefined }, 400, 'ECHO_BAD_REQUEST'],
    ['a client that is no UUID', { ...asked, client: '../clients' }, 400, 'ECHO_BAD_REQUEST'],
    ['another way', { ...asked, way: 'toString' }, 400, 'ECHO_BAD_REQUEST'],
    ['no text', withoutText, 400, 'ECHO_BAD_REQUEST'],
    ['a text of nothing', { ...asked, text: ' \n' }, 400, 'ECHO_BAD_REQUEST'],
    ['half a character', { ...asked, text: '\ud83d' }, 400, 'ECHO_BAD_REQUEST'],
    ['a long text', { ...asked, text: 'x'.repeat(141) }, 400, 'ECHO_TOO_LONG'],
    ['a long ref', { ...asked, ref: 'x'.repeat(41) }, 400, 'ECHO_BAD_REQUEST'],
    ['too much of it', { ...asked, more: 'x'.repeat(5000) }, 400, 'ECHO_TOO_LONG'],
    ['a form', asked, 415, 'ECHO_NOT_JSON', { 'content-type': 'text/plain' }],
    ['another site', asked, 403, 'ECHO_FOREIGN', { origin: 'http://evil.example' }],
    ['a page of nowhere', asked, 403, 'ECHO_FOREIGN', { origin: 'null' }],
    ['another site of the same name', asked, 403, 'ECHO_FOREIGN', { 'sec-fetch-site': 'same-site' }],
  ]
  for (const [what, body, status, code, headers] of refused) {
    test(`refuses ${what} with ${code}`, async () => {
      const { status: got, answer, code: said } = await otter.post(body, headers)
      assert.deepEqual([got, said, answer.replica], [status, code, 'otter'])
    })
  }

  test('takes 140 characters from its own site', async () => {
    const { status } = await otter.post({ ...asked, text: '\u{1f41a}'.repeat(70) }, { origin: otter.url })
    assert.equal(status, 200)
  })

  test('is not for GET', async () => {
    const response = await fetch(`${otter.url}/echo`)
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST'])
  })
})

test('/echo/where says which replica this is, and how many sockets it holds', async () => {
  const response = await fetch(`${seal.url}/echo/where`)
  assert.deepEqual(await response.json(), { replica: 'seal', pid: process.pid, sockets: 0 })
})

describe('a WebSocket', () => {
  test('first says which replica it is, then echoes', async () => {
    using socket = openSocket(otter.host, `client=${newClient()}`, { origin: otter.url })
    assert.deepEqual(await socket.next(), { type: 'hello', replica: 'otter', pid: process.pid })
    socket.say({ op: 'echo', text: 'salty harbour', ref: '7' })
    assert.deepEqual(await socket.next(), {
      type: 'echo',
      replica: 'otter',
      ref: '7',
      text: '[otter]  salty harbour',
    })
  })

  test('is told what is wrong with what it sends, and stays open', async () => {
    using socket = openSocket(otter.host, `client=${newClient()}`)
    await socket.next()
    for (const [word, code] of [
      ['{', 'ECHO_BAD_REQUEST'],
      [{ op: 'shout', text: 'x' }, 'ECHO_BAD_REQUEST'],
      [{ op: 'echo', text: 'x'.repeat(141) }, 'ECHO_TOO_LONG'],
    ] as const) {
      socket.say(word)
      const said = await socket.next()
      assert.equal(said.type === 'error' && said.code, code)
    }
    socket.socket.send(Buffer.from('{"op":"echo","text":"x"}'))
    assert.equal((await socket.next()).type, 'error')
    socket.say({ op: 'echo', text: 'still here' })
    assert.equal((await socket.next()).type, 'echo')
    socket.say('x'.repeat(5000))
    assert.equal((await socket.closed).code, 1009)
  })

  test('gets what an HTTP request brings to its replica, and nothing that it brings to another', async () => {
    const client = newClient()
    using socket = openSocket(otter.host, `client=${client}`)
    await socket.next()
    const missed = await seal.post({ ...asked, client, way: 'socket' })
    assert.deepEqual([missed.status, missed.answer.delivered, missed.code], [200, false, 'ECHO_NO_SOCKET'])
    assert.match(String(missed.answer.text), /^\[seal\] {2}I have no connection to this client/)
    const { answer } = await otter.post({ ...asked, client, way: 'socket' })
    assert.deepEqual(answer, { replica: 'otter', way: 'socket', delivered: true, id: answer.id })
    assert.deepEqual(await socket.next(), {
      type: 'message',
      way: 'socket',
      id: answer.id,
      from: 'otter',
      replica: 'otter',
      ref: '7',
      text: '[otter]  salty harbour',
    })
  })

  test('gets what any replica publishes, and after a while away what it has missed', async () => {
    const client = newClient()
    const publish = (text: string) => seal.post({ client, text, way: 'queue', ref: text })
    let position: string
    {
      using socket = openSocket(otter.host, `client=${client}&after=0-0`)
      await socket.next()
      const { answer } = await publish('one')
      const word = (await socket.next()) as SocketMessage
      assert.deepEqual(word, {
        type: 'message',
        way: 'queue',
        id: answer.id,
        position: answer.position,
        gap: false,
        from: 'seal',
        replica: 'otter',
        ref: 'one',
        text: '[seal]  one',
      })
      position = word.position!
    }
    await publish('two')
    using socket = openSocket(seal.host, `client=${client}&after=${position}`)
    await socket.next()
    await publish('three')
    const texts = [await socket.next(), await socket.next()].map((word) => 'text' in word && word.text)
    assert.deepEqual(texts, ['[seal]  two', '[seal]  three'])
  })

  test('is spared what others have published to its topic', async () => {
    const client = newClient()
    using socket = openSocket(otter.host, `client=${client}&after=0-0`)
    await socket.next()
    for (const junk of [null, 'text', { from: 1, text: 'x', ref: '' }, { from: 'x' }])
      await seal.channel.publish(`clients/${client}`, junk)
    await seal.post({ ...asked, client, way: 'queue' })
    assert.equal(((await socket.next()) as SocketMessage).text, '[seal]  salty harbour')
  })

  test('takes the place of an older one of its client, which is told', async () => {
    const client = newClient()
    using first = openSocket(otter.host, `client=${client}`)
    await first.next()
    using second = openSocket(otter.host, `client=${client}`)
    await second.next()
    assert.deepEqual(await first.closed, { code: 4001, reason: 'the client has opened another socket' })
    await otter.post({ ...asked, client, way: 'socket' })
    assert.equal((await second.next()).type, 'message')
  })

  const refused: [
    what: string,
    query: string,
    status: number,
    code: string,
    headers?: Record<string, string>,
  ][] = [
    ['without a client', '', 400, 'ECHO_BAD_REQUEST'],
    ['with a client that is no UUID', 'client=otter', 400, 'ECHO_BAD_REQUEST'],
    ['with a position that is none', `client=${client}&after=now`, 400, 'ECHO_BAD_REQUEST'],
    ['of another site', `client=${client}`, 403, 'ECHO_FOREIGN', { origin: 'http://evil.example' }],
    ['of a sandboxed frame', `client=${client}`, 403, 'ECHO_FOREIGN', { origin: 'null' }],
  ]
  for (const [what, query, status, code, headers] of refused) {
    test(`${what} is refused with ${code}`, async () => {
      using socket = openSocket(otter.host, query, headers)
      assert.deepEqual(await socket.refused, { status, code })
    })
  }

  test('is counted, and no more are taken than may be', async () => {
    await using heron = await startEchoReplica('heron', broker, 1)
    using socket = openSocket(heron.host, `client=${newClient()}`)
    await socket.next()
    using another = openSocket(heron.host, `client=${newClient()}`)
    assert.deepEqual(await another.refused, { status: 503, code: 'ECHO_FULL' })
    socket.socket.close()
    await socket.closed
    using third = openSocket(heron.host, `client=${newClient()}`)
    await third.next()
    assert.deepEqual(heron.counts, [1, 0, 1])
  })

  test('is closed with 1001 when its replica stops, which takes no new ones', async () => {
    const heron = await startEchoReplica('heron', broker)
    using socket = openSocket(heron.host, `client=${newClient()}`)
    await socket.next()
    await heron.app.close()
    assert.deepEqual(await socket.closed, { code: 1001, reason: 'the replica stops' })
    using late = openSocket(heron.host, `client=${newClient()}`)
    assert.deepEqual(await late.refused, { status: 503, code: 'ECHO_STOPPING' })
    await heron[Symbol.asyncDispose]()
  })
})

test('without its channel a replica says so, and does all else', async () => {
  const gone = await startBroker()
  await using heron = await startEchoReplica('heron', gone)
  const client = newClient()
  using socket = openSocket(heron.host, `client=${client}&after=0-0`)
  await socket.next()
  await gone[Symbol.asyncDispose]()
  const { status, code } = await heron.post({ ...asked, client, way: 'queue' })
  assert.deepEqual([status, code], [503, 'ECHO_CHANNEL'])
  await heron.post({ ...asked, client, way: 'socket' })
  assert.equal((await socket.next()).type, 'message')
})

test('a broken upgrade does no harm', async () => {
  for (const target of ['//', '/echo/socket?client=%', '*']) {
    const socket = connect(Number(otter.host.split(':')[1]), '127.0.0.1')
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 40\d /)
    socket.destroy()
  }
  assert.equal((await otter.post(asked)).status, 200)
})
