/** One table of cases for each framework, and for node:http as what they must equal. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { closeBody, idIn, newSessionBody, sessionId } from '../container.fixture.ts'
import { type Container, createContainer } from '../container.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { visitOf } from '../visit.ts'
import { expressMiddleware } from './express.ts'
import { fastifyHook } from './fastify.ts'
import { honoMiddleware } from './hono.ts'

interface Said {
  readonly say?: string
  readonly create?: boolean
  readonly close?: boolean
}

/** What every server under test does with a JSON body. */
async function converse(request: IncomingMessage, { say = '', create, close }: Said): Promise<string[]> {
  const visit = visitOf(request)
  if (create) await visit.create()
  const said = ((await visit.session?.get('said')) ?? []) as string[]
  said.push(say)
  await visit.session?.put('said', said)
  if (close) await visit.close()
  return said
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function startHttp(container: Container): Promise<Server> {
  const server = createServer((request, response) =>
    container.serve(request, response, async () => {
      let body = ''
      for await (const piece of request.setEncoding('utf8')) body += piece
      if (request.url === '/other') return response.end('other')
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(await converse(request, body ? JSON.parse(body) : {})))
    }),
  )
  return listening(server)
}

async function startExpress(container: Container): Promise<Server> {
  const app = express()
  app.use(expressMiddleware(container), express.json())
  app.get('/other', (_request, response) => void response.send('other'))
  app.post('/invocations', async (request, response) => {
    response.json(await converse(request, request.body ?? {}))
  })
  return listening(createServer(app))
}

async function startFastify(container: Container): Promise<Server> {
  const app = fastify()
  app.addHook('onRequest', fastifyHook(container))
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body ? JSON.parse(String(body)) : {}),
  )
  app.get('/other', async () => 'other')
  app.post('/invocations', async (request) => converse(request.raw, request.body as Said))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server
}

async function startHono(container: Container): Promise<Server> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(honoMiddleware(container))
  app.get('/other', (context) => context.text('other'))
  app.post('/invocations', async (context) => {
    const body = await context.req.text()
    return context.json(await converse(context.env.incoming, body ? JSON.parse(body) : {}))
  })
  return listening(createAdaptorServer({ fetch: app.fetch }) as Server)
}

for (const [name, start] of [
  ['node:http', startHttp],
  ['Express', startExpress],
  ['Fastify', startFastify],
  ['Hono', startHono],
] as const) {
  describe(`with ${name}`, () => {
    let container: Container
    let server: Server
    let url: string
    before(async () => {
      container = await createContainer({ store: createMemoryStore(), settings: { enabled: true } })
      server = await start(container)
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    after(async () => {
      server.close()
      server.closeAllConnections()
      await container.close()
    })

    const post = (body: string | undefined, headers: Record<string, string> = {}) =>
      fetch(`${url}/invocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body }),
      })

    test('a session is begun, used by a handler and closed', async () => {
      const created = await post(newSessionBody)
      const id = idIn(created.headers)
      assert.deepEqual([created.status, await created.text()], [200, `Session ${id} created`])
      await post('{"say":"a"}', { [sessionId]: id })
      const second = await post('{"say":"b"}', { [sessionId]: id })
      assert.deepEqual(await second.json(), ['a', 'b'])
      const closed = await post(closeBody, { [sessionId]: id })
      assert.deepEqual([closed.status, await closed.text()], [200, `Session ${id} closed`])
      assert.equal((await post('{}', { [sessionId]: id })).status, 400)
    })

    test('a handler creates and closes sessions, and the answer says so', async () => {
      const created = await post('{"say":"a","create":true}')
      const id = idIn(created.headers)
      assert.deepEqual(await created.json(), ['a'])
      const closed = await post('{"say":"b","close":true}', { [sessionId]: id })
      assert.equal(closed.headers.get('X-Amzn-SageMaker-Closed-Session-Id'), id)
      assert.deepEqual(await closed.json(), ['a', 'b'])
    })

    test('bodies of every length and framing reach the handler whole', async () => {
      for (const length of [0, 10, 1000, 1023, 1024, 1025, 70_000]) {
        const say = 'x'.repeat(length)
        const body = JSON.stringify({ say })
        assert.deepEqual(await (await post(body)).json(), [say])
        const chunked = await fetch(`${url}/invocations`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: new Blob([body]).stream(),
          duplex: 'half',
        } as RequestInit)
        assert.deepEqual(await chunked.json(), [say])
      }
    })

    test('a request without a body is answered', async () => {
      assert.deepEqual(await (await post(undefined)).json(), [''])
    })

    test('a chunked request with an empty body is answered', async () => {
      const chunked = await fetch(`${url}/invocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([]).stream(),
        duplex: 'half',
      } as RequestInit)
      assert.deepEqual(await chunked.json(), [''])
    })

    test('pings are answered, and other routes are left alone', async () => {
      assert.equal((await fetch(`${url}/ping`)).status, 200)
      assert.equal(await (await fetch(`${url}/other`)).text(), 'other')
    })

    test('a connection is used again after a session request', async () => {
      let connections = 0
      server.on('connection', () => connections++)
      for (let i = 0; i < 5; i++) await (await post(newSessionBody, { connection: 'keep-alive' })).text()
      assert.ok(connections <= 1, `${connections} connections`)
    })
  })
}
