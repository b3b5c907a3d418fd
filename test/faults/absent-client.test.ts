import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { until, within } from '../kit/process.ts'
import { openRaw } from '../kit/raw-socket.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'
import { okResponse, type Script, startScriptedReplica } from '../kit/scripted-replica.ts'

const MIB = 2 ** 20
const eventHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
const block = 'x'.repeat(65_536)
/** What has been offered of the gibibyte of `/gibibyte`, by request. */
const offered = new Map<string, number>()

const scripts: Readonly<Record<string, Script>> = {
  '/gibibyte': ({ socket, query }) => {
    const id = query.get('id')!
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 * MIB}\r\n\r\n`)
    let sent = 0
    const more = (): void => {
      let takesMore = true
      while (takesMore && sent < 1024 * MIB && !socket.destroyed) {
        takesMore = socket.write(block)
        sent += block.length
        offered.set(id, sent)
      }
    }
    socket.on('drain', more)
    more()
  },
  '/answer': ({ socket }) => socket.write(okResponse('y'.repeat(1000))),
  '/events': ({ socket }) => socket.write(`${eventHead}d\r\ndata: first\n\n\r\n`),
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`

async function ask(port: number, text: string): Promise<string> {
  using client = await openRaw(port)
  client.send(text)
  await client.receives('\r\n\r\n')
  return client.received
}

/** The router's resident memory in bytes. */
async function residentBytes(router: TestRouter): Promise<number> {
  const status = await readFile(`/proc/${router.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** Resolves once `value` has stayed the same for 400 ms. */
async function settled(what: string, value: () => number): Promise<number> {
  let last = value()
  let sinceMs = performance.now()
  await until(`${what} stays the same`, () => {
    const now = value()
    if (now !== last) sinceMs = performance.now()
    last = now
    return performance.now() - sinceMs > 400
  })
  return last
}

describe('memory and a client that does not read', () => {
  test('a replica that offers 1 GiB waits, and so does the memory', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      workers: 1,
      config: `services: [{ name: app, replicas: ["${replica.url}"] }]`,
    })
    assert.match(await ask(router.port, get('/answer')), /^HTTP\/1\.1 200 /)
    const before = await residentBytes(router)
    const clients = await Promise.all(Array.from({ length: 8 }, () => openRaw(router.port)))
    for (const [id, client] of clients.entries()) {
      client.socket.pause()
      client.send(get(`/gibibyte?id=${id}`))
    }
    await until('all 8 are under way', () => offered.size === 8)
    const total = (): number => [...offered.values()].reduce((sum, bytes) => sum + bytes, 0)
    const taken = await settled('what the replica was let send', total)
    const grown = (await residentBytes(router)) - before
    // Most of it is in the kernel's buffers for sockets.
    assert.ok(taken < 8 * 32 * MIB, `${Math.round(taken / MIB)} MiB were taken`)
    assert.ok(grown < 48 * MIB, `the router grew by ${Math.round(grown / MIB)} MiB`)
    for (const { socket } of clients) socket.destroy()
  })

  test('thousands of pipelined requests wait in the kernel, and are answered when the client reads', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      workers: 1,
      config: `services: [{ name: app, replicas: ["${replica.url}"] }]`,
    })
    assert.match(await ask(router.port, get('/answer')), /^HTTP\/1\.1 200 /)
    const before = await residentBytes(router)
    using client = await openRaw(router.port)
    client.socket.pause()
    const count = 12_000
    client.send(get('/answer').repeat(count))
    const answeredUnread = await settled('what reaches the replica', () => replica.requests.length)
    const grown = (await residentBytes(router)) - before
    assert.ok(answeredUnread < count, 'all of them were executed for a client that reads nothing')
    assert.ok(grown < 48 * MIB, `the router grew by ${Math.round(grown / MIB)} MiB`)
    let answers = 0
    const all = new Promise<void>((resolve, reject) => {
      client.socket.on('data', (text: string) => {
        // Counted by a letter that stands nowhere else, since heads come in pieces.
        answers += text.split('y').length - 1
        if (answers === count * 1000) resolve()
      })
      client.socket.on('close', () => reject(new Error(`The connection ended after ${answers} bytes.`)))
    })
    client.socket.resume()
    await within(20_000, 'all answers', all)
  })
})

describe('a client that leaves', () => {
  test('in the middle of an event stream: the replica is left within 250 ms', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      config: `services: [{ name: app, replicas: ["${replica.url}"] }]`,
    })
    const tookMs: number[] = []
    for (const how of ['fin', 'reset', 'fin', 'reset'] as const) {
      using client = await openRaw(router.port)
      client.send(get('/events'))
      await client.receives('data: first')
      const { socket } = replica.requests.at(-1)!
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
      const leftMs = performance.now()
      if (how === 'fin') client.socket.end()
      else client.socket.resetAndDestroy()
      await within(2000, "the replica's connection closes", closed)
      tookMs.push(Math.round(performance.now() - leftMs))
    }
    assert.ok(Math.max(...tookMs) < 250, `${tookMs.join(', ')} ms`)
    assert.equal((await router.metrics()).sum('limpet_requests_aborted_total'), 4)
  })
})
