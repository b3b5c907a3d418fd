import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request as send } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type InvocationHandler, startModelContainer } from '../../kit/model-container.ts'
import { until } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'
import { SagemakerClient } from '../../kit/sagemaker-client.ts'

function config(url: string, more = '', top = ''): string {
  return `${top}services:\n  - { name: media, dialect: sagemaker, replicas: ['${url}']${more} }\n`
}

/** Containers that answer as the request's custom attributes say. */
const byAttributes: InvocationHandler = (request, response) => {
  const [what = '', value = ''] = String(request.headers['x-amzn-sagemaker-custom-attributes'] ?? '').split(
    '=',
  )
  switch (what) {
    case 'status':
      response
        .writeHead(Number(value), { 'content-type': 'text/plain' })
        .end(`failed with ${value}: Zürich "1"`)
      return true
    case 'endless-error':
      response.writeHead(500)
      writeOn(response, 'e'.repeat(10_000))
      return true
    case 'hang':
      return true
    case 'reset':
      request.socket.destroy()
      return true
    case 'bad-id':
      response.setHeader('X-Amzn-SageMaker-New-Session-Id', 'not/an/id; Expires=2099-01-01T00:00:00Z')
      response.end('created')
      return true
    case 'accept':
      response.writeHead(200, {
        'content-type': 'text/plain',
        'x-amzn-sagemaker-custom-attributes': 'back',
        'x-amzn-requestid': 'the container own',
      })
      response.end(JSON.stringify(request.headers))
      return true
    case 'pieces':
      response.writeHead(200, { 'content-type': 'text/csv' })
      void pieces(response, Number(value))
      return true
    case 'cut':
      response.writeHead(200, { 'content-type': 'text/csv' })
      response.write('one')
      setTimeout(() => response.destroy(), 50)
      return true
    case 'stall':
      response.writeHead(200)
      response.write('one')
      return true
    default:
      return false
  }
}

function writeOn(response: { write(text: string): boolean; destroyed: boolean }, text: string): void {
  if (response.destroyed) return
  response.write(text)
  setTimeout(() => writeOn(response, text), 1)
}

async function pieces(response: { write(text: string): boolean; end(): void }, count: number): Promise<void> {
  for (let piece = 0; piece < count; piece++) {
    response.write(`piece ${piece};`)
    await delay(5)
  }
  response.end()
}

async function all(stream: AsyncIterable<string>): Promise<string[]> {
  const parts: string[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

describe('what a container answers, as the AWS SDK has it', () => {
  test('comes with what the router knows, and without what is for the router', async () => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: config(a.url) })
    using client = new SagemakerClient(router.url, 'media')
    const answer = await client.invoke({ CustomAttributes: 'accept', Accept: 'text/csv', InferenceId: 'i-1' })
    const seen = JSON.parse(answer.body)
    assert.deepEqual(
      [answer.contentType, answer.customAttributes, answer.variant],
      ['text/plain', 'back', 'AllTraffic'],
    )
    assert.equal(seen.accept, 'text/csv')
    assert.equal(seen['x-amzn-sagemaker-inference-id'], 'i-1')
    for (const field of ['authorization', 'x-amz-date', 'x-amz-content-sha256'])
      assert.equal(seen[field], undefined, field)
    const [streamed] = await all(client.stream({ CustomAttributes: 'accept', Accept: 'text/csv' }))
    assert.equal(JSON.parse(streamed!).accept, 'text/csv')
    assert.equal(client.streamedType, 'text/plain')
  })

  for (const [status, kind] of [
    [400, 'client error'],
    [429, 'client error'],
    [500, 'server error'],
    [503, 'server error'],
  ] as const) {
    test(`is ModelError for ${status}, with the original inside, in both calls`, async () => {
      await using a = await startModelContainer('a', { handle: byAttributes })
      await using router = await startRouter({ config: config(a.url) })
      using client = new SagemakerClient(router.url, 'media')
      const expected = {
        name: 'ModelError',
        message: `Received ${kind} (${status}) from primary with message "failed with ${status}: Zürich "1""`,
        OriginalStatusCode: status,
        OriginalMessage: `failed with ${status}: Zürich "1"`,
      }
      const input = { CustomAttributes: `status=${status}` }
      await assert.rejects(client.invoke(input), expected)
      await assert.rejects(all(client.stream(input)), expected)
    })
  }

  test('is cut off where an error has no end, and the container is told', async () => {
    let closed = false
    await using a = await startModelContainer('a', {
      handle: (request, response, container) => {
        response.on('close', () => {
          closed = true
        })
        return byAttributes(request, response, container)
      },
    })
    await using router = await startRouter({ config: config(a.url) })
    using client = new SagemakerClient(router.url, 'media')
    await assert.rejects(client.invoke({ CustomAttributes: 'endless-error' }), (error: Error) => {
      assert.equal(error.name, 'ModelError')
      assert.match(error.message, /^Received server error \(500\) from primary with message "e{16384}"$/)
      return true
    })
    await until('the container is told', () => closed)
  })

  test('is ModelError of no status where it comes too late or never', async () => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: config(a.url, '', 'timeouts: { response: 300ms }\n') })
    using client = new SagemakerClient(router.url, 'media')
    const expected = { name: 'ModelError', OriginalStatusCode: 0 }
    await assert.rejects(client.invoke({ CustomAttributes: 'hang' }), { ...expected, message: /in time/ })
    await assert.rejects(client.invoke({ CustomAttributes: 'reset' }), {
      ...expected,
      message: /may have been executed/,
    })
    await assert.rejects(client.invoke({ CustomAttributes: 'bad-id' }), {
      name: 'ModelError',
      OriginalStatusCode: 200,
      message: /session id/,
    })
  })

  test('is ValidationError of the router for a body that is too large', async () => {
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config(a.url, '', 'limits: { bodyBytes: 1000 }\n') })
    using client = new SagemakerClient(router.url, 'media')
    await assert.rejects(client.invoke({ Body: 'x'.repeat(1001) }), {
      name: 'ValidationError',
      message: /larger/,
    })
    await client.invoke({ Body: 'x'.repeat(1000) })
    assert.equal(a.seen.length, 1)
  })

  test('is a stream of its pieces as they come', async () => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: config(a.url) })
    using client = new SagemakerClient(router.url, 'media')
    const parts = await all(client.stream({ CustomAttributes: 'pieces=20' }))
    assert.equal(parts.join(''), Array.from({ length: 20 }, (_, piece) => `piece ${piece};`).join(''))
    assert.ok(parts.length >= 5, `${parts.length} parts`)
    assert.equal(client.streamedType, 'text/csv')
  })

  test('ends in ModelStreamError where it breaks off or falls silent, not in a broken connection', async () => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: config(a.url, '', 'timeouts: { stream: 300ms }\n') })
    using client = new SagemakerClient(router.url, 'media')
    for (const [attributes, ErrorCode] of [
      ['cut', 'StreamBroken'],
      ['stall', 'ModelInvocationTimeExceeded'],
    ] as const) {
      const parts: string[] = []
      const read = async () => {
        for await (const part of client.stream({ CustomAttributes: attributes })) parts.push(part)
      }
      await assert.rejects(read, { name: 'ModelStreamError', ErrorCode })
      assert.deepEqual(parts, ['one'])
    }
    // The answer as such is whole: a broken one would reject.
    const response = await fetch(`${router.url}/endpoints/media/invocations-response-stream`, {
      method: 'POST',
      headers: { 'x-amzn-sagemaker-custom-attributes': 'cut' },
    })
    assert.match(Buffer.from(await response.arrayBuffer()).toString('latin1'), /ModelStreamError/)
  })

  test('is ServiceUnavailable without a container, and ModelNotReady while it says so itself', async () => {
    const a = await startModelContainer('a')
    await using router = await startRouter({ config: config(a.url, ', health: { interval: 20ms }') })
    using client = new SagemakerClient(router.url, 'media')
    await client.invoke()
    a.pingStatus = 503
    const refusal = async (name: string) =>
      until(name, () =>
        client.invoke().then(
          () => false,
          (error: Error) => error.name === name,
        ),
      )
    await refusal('ModelNotReadyException')
    await assert.rejects(client.stream().next(), { name: 'ServiceUnavailable' })
    await a[Symbol.asyncDispose]()
    await refusal('ServiceUnavailable')
  })

  test('is no operation of the API for other paths and methods', async () => {
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config(a.url) })
    for (const [method, path] of [
      ['GET', '/endpoints/media/invocations'],
      ['POST', '/endpoints/media/async-invocations'],
      ['POST', '/endpoints/media'],
    ]) {
      const response = await fetch(`${router.url}${path}`, { method: method! })
      assert.equal(response.status, 404)
      assert.equal(response.headers.get('x-amzn-errortype'), 'UnknownOperationException')
      assert.match(response.headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/)
    }
    assert.equal(a.seen.length, 0)
  })
})

describe('the body of an invocation', () => {
  test('of 500 MB goes through as it is, in flat memory', { timeout: 120_000 }, async () => {
    const bytes = 500 * 1024 * 1024
    const block = Buffer.alloc(1024 * 1024, 'v')
    for (let at = 0; at < block.length; at += 97) block[at] = at % 251
    let received = ''
    await using a = await startModelContainer('a', {
      handle: (request, response) => {
        const hash = createHash('sha256')
        let count = 0
        request.on('data', (piece: Buffer) => {
          hash.update(piece)
          count += piece.length
        })
        request.on('end', () => {
          received = `${count} ${hash.digest('hex')}`
          response.end('kept')
        })
        return true
      },
    })
    await using router = await startRouter({ config: config(a.url), workers: 1 })
    const memory = async () => (await router.metrics()).sum('process_resident_memory_bytes')
    const before = await memory()
    let most = 0
    const sent = createHash('sha256')
    const status = await new Promise<number>((resolve, reject) => {
      const request = send(
        `${router.url}/endpoints/media/invocations`,
        { method: 'POST', headers: { 'content-length': bytes, 'content-type': 'video/mp4' } },
        (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode ?? 0))
        },
      )
      request.on('error', reject)
      const write = async () => {
        for (let left = bytes; left > 0; left -= block.length) {
          sent.update(block)
          if (!request.write(block)) await new Promise((go) => request.once('drain', go))
          if (left % (50 * block.length) === 0) most = Math.max(most, await memory())
        }
        request.end()
      }
      write().catch(reject)
    })
    assert.equal(status, 200)
    assert.equal(received, `${bytes} ${sent.digest('hex')}`)
    const grownMb = (most - before) / 1024 / 1024
    assert.ok(grownMb < 60, `the router grew by ${grownMb.toFixed(0)} MB`)
  })
})
