/** boto3 as it is, told nothing but where the router is: the client that the API's documentation shows. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { before, describe, type TestContext, test } from 'node:test'
import {
  type InvocationHandler,
  type ModelContainer,
  startModelContainer,
} from '../../kit/model-container.ts'
import { until } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'
import { type PythonEnvironment, pythonEnvironment } from '../python-environment.ts'
import { Boto3Client, Boto3Error, runBoto3 } from './boto3-client.ts'

let environment: PythonEnvironment

before(async () => {
  environment = await pythonEnvironment()
})

/** The Python with boto3; where there is none, skips the test for a reason that can't be overlooked. */
function pythonFor(t: TestContext): string | undefined {
  if ('python' in environment) return environment.python
  process.stderr.write(`SKIPPED: ${t.name}: ${environment.missing}\n`)
  t.skip(environment.missing)
  return undefined
}

function config(containers: readonly ModelContainer[], more = '', top = ''): string {
  const urls = containers.map(({ url, name }) => `{ url: '${url}', name: ${name} }`)
  return `${top}services:\n  - { name: my-endpoint, dialect: sagemaker, replicas: [${urls.join(', ')}]${more} }\n`
}

const signed = ', sagemaker: { signature: { region: eu-central-1 } }'
const accessKeys = { LIMPET_ACCESS_KEYS: 'AKIDMADEUP:no+real/secret' }

/** Answers with the body that came, once all of it has: what comes before a signature is verified is not passed on. */
const echo: InvocationHandler = (request, response) => {
  response.setHeader('content-type', request.headers['content-type'] ?? '')
  buffer(request).then(
    (body) => response.end(body),
    () => response.destroy(),
  )
  return true
}

/** Fails as the custom attributes say. */
const byAttributes: InvocationHandler = (request, response) => {
  const [what, value] = String(request.headers['x-amzn-sagemaker-custom-attributes'] ?? '').split('=')
  if (what === 'status') response.writeHead(Number(value)).end(`no model today: Zürich, ${value}`)
  else if (what === 'reset') request.socket.destroy()
  else if (what !== 'hang') return false
  return true
}

/** What boto3 raises. */
async function errorOf(call: Promise<unknown>): Promise<Boto3Error> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Boto3Error) return error
  throw error ?? new Error('boto3 raised nothing')
}

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

describe('boto3 as the documentation has it', () => {
  test('creates a session, uses it and closes it', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using router = await startRouter({ config: config([a, b]) })
    const [told, result = '', closed] = await runBoto3('sagemaker_session.py', { python, url: router.url })
    const home = a.seen.length > 0 ? a : b
    assert.equal(told, `Session ID: ${closed}`)
    const containerId = home.seen[1]!.headers['x-amzn-sagemaker-session-id']
    assert.deepEqual(JSON.parse(result), { replica: home.name, session: containerId, bytes: 36 })
    assert.deepEqual([a.seen.length + b.seen.length, home.seen.length, home.sessions.size], [3, 3, 0])
  })
})

describe("a session that can't be used, by boto3", () => {
  test('is ValidationError, with words of its own for each reason', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using living = await startModelContainer('living')
    const dying = await startModelContainer('dying')
    await using brief = await startModelContainer('brief', { expiresSeconds: -60 })
    const others = `  - { name: brief, dialect: sagemaker, replicas: ['${brief.url}'] }\n`
    await using router = await startRouter({ config: config([living, dying]) + others })
    await using client = new Boto3Client({ python, url: router.url })

    const expired = await client.begin({ EndpointName: 'brief' })
    const id = await beginAt(client, living)
    const closed = await beginAt(client, living)
    await client.invoke({ SessionId: closed }, '{"requestType": "CLOSE"}')
    const lost = await beginAt(client, dying)
    await dying[Symbol.asyncDispose]()
    const seen = living.seen.length

    const messages: string[] = []
    for (const [input, words] of [
      [{ SessionId: expired, EndpointName: 'brief' }, /expired/],
      [{ SessionId: closed }, /closed/],
      [{ SessionId: 'made-up' }, /none that endpoint my-endpoint gave/],
      [{ SessionId: id.replace(/.$/, (x) => (x === '0' ? '1' : '0')) }, /altered/],
      [{ SessionId: id.replace(/^./, (x) => (x === 'a' ? 'b' : 'a')) }, /altered/],
      [{ SessionId: id, EndpointName: 'brief' }, /not belong to endpoint brief/],
      [{ SessionId: lost }, /is gone/],
      [{ SessionId: 'a b' }, /'sessionId' failed/],
      [{ SessionId: 'a'.repeat(257) }, /'sessionId' failed/],
      [{ SessionId: id, EndpointName: 'nobody' }, /^Endpoint nobody not found\.$/],
      [{ SessionId: id, TargetVariant: 'Blue' }, /Variant Blue not found/],
    ] as const) {
      const error = await errorOf(client.invoke(input))
      assert.deepEqual([error.raised, error.response.code], ['ValidationError', 'ValidationError'])
      assert.match(error.message, words)
      const streamed = await errorOf(all(client.stream(input)))
      assert.equal(streamed.raised, 'ValidationError')
      assert.match(streamed.message, words)
      messages.push(error.message)
    }
    assert.equal(new Set(messages).size, messages.length - 2)
    const stream = await errorOf(all(client.stream({ SessionId: 'NEW_SESSION' })))
    assert.equal(stream.raised, 'ValidationError')
    // No container heard of any of these, and the session that was tampered with is none the worse.
    assert.deepEqual([living.seen.length, brief.seen.length], [seen, 1])
    await client.invoke({ SessionId: id })
  })
})

/** Begins sessions until one lives at this container. */
async function beginAt(client: Boto3Client, container: ModelContainer): Promise<string> {
  const { size } = container.sessions
  for (;;) {
    const id = await client.begin()
    if (container.sessions.size > size) return id
  }
}

describe('an endpoint that fails, by boto3', () => {
  test("is ModelError where it is the container's failure, with the original inside, in both calls", async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: config([a], '', 'timeouts: { response: 300ms }\n') })
    await using client = new Boto3Client({ python, url: router.url })
    for (const [attributes, status, words] of [
      ['status=400', 400, /^no model today: Zürich, 400$/],
      ['status=404', 404, /^no model today: Zürich, 404$/],
      ['status=503', 503, /^no model today: Zürich, 503$/],
      ['hang', 0, /did not answer in time/],
      ['reset', 0, /closed the connection/],
    ] as const) {
      const input = { CustomAttributes: attributes }
      for (const call of [client.invoke(input), all(client.stream(input))] as const) {
        const { raised, message, response } = await errorOf(call)
        assert.deepEqual([raised, response.OriginalStatusCode], ['ModelError', status])
        assert.match(String(response.OriginalMessage), words)
        assert.match(message, /^Received (?:client|server) error \(\d+\) from primary with message "/)
        assert.ok(message.includes(String(response.OriginalMessage)))
        assert.equal(httpStatusOf(response), 424)
      }
    }
  })

  test('is ModelNotReadyException while containers say so, and ServiceUnavailable without any', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    const a = await startModelContainer('a')
    await using router = await startRouter({ config: config([a], ', health: { interval: 20ms }') })
    await using client = new Boto3Client({ python, url: router.url })
    await client.invoke()
    a.pingStatus = 503
    const notReady = await refusal(client, 'ModelNotReadyException')
    assert.equal(httpStatusOf(notReady.response), 429)
    assert.match(notReady.message, /not ready yet/)
    // This exception is not one of the streaming call's.
    assert.equal((await errorOf(all(client.stream()))).raised, 'ServiceUnavailable')
    await a[Symbol.asyncDispose]()
    const unavailable = await refusal(client, 'ServiceUnavailable')
    assert.equal(httpStatusOf(unavailable.response), 503)
    assert.match(unavailable.message, /No replica/)
    assert.match(String(metadataOf(unavailable.response).RequestId), /^[0-9a-f-]{36}$/)
  })

  test('is ServiceUnavailable where every container has all the sessions it may', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config([a], ', maxSessions: 1') })
    await using client = new Boto3Client({ python, url: router.url })
    const id = await client.begin()
    const { raised, message } = await errorOf(client.begin())
    assert.equal(raised, 'ServiceUnavailable')
    assert.match(message, /all the sessions it may/)
    await client.invoke({ SessionId: id }, '{"requestType": "CLOSE"}')
    await client.begin()
  })
})

/** Asks until boto3 raises this. */
async function refusal(client: Boto3Client, raised: string): Promise<Boto3Error> {
  return until(raised, async () => {
    const error = await client.invoke().then(
      () => undefined,
      (thrown: Boto3Error) => thrown,
    )
    return error?.raised === raised ? error : undefined
  })
}

function metadataOf(response: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return response.ResponseMetadata as Readonly<Record<string, unknown>>
}

function httpStatusOf(response: Readonly<Record<string, unknown>>): unknown {
  return metadataOf(response).HTTPStatusCode
}

describe('a streamed answer, by boto3', () => {
  /** A container that sends one piece each time it is told to; `broken` breaks the answer off. */
  function conducted(): { handle: InvocationHandler; conductor: EventEmitter } {
    const conductor = new EventEmitter()
    const handle: InvocationHandler = (_, response) => {
      response.setHeader('content-type', 'text/csv')
      const write = (piece: Buffer): unknown => response.write(piece)
      conductor.on('piece', write)
      const over = (end: () => void) => (): void => {
        conductor.off('piece', write)
        end()
      }
      conductor.once(
        'end',
        over(() => response.end()),
      )
      conductor.once(
        'broken',
        over(() => response.destroy()),
      )
      conductor.emit('asked')
      return true
    }
    return { handle, conductor }
  }

  test('comes in parts, each before the container has made the next', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    const { handle, conductor } = conducted()
    await using a = await startModelContainer('a', { handle })
    await using router = await startRouter({ config: config([a]) })
    await using client = new Boto3Client({ python, url: router.url })
    const stream = client.stream({ Accept: 'text/csv' })
    const pieces = [...Array.from({ length: 8 }, (_, at) => Buffer.from(`row ${at}\n`)), everyByte]
    const asked = once(conductor, 'asked')
    let part = stream.next()
    await asked
    assert.equal(a.seen[0]!.headers.accept, 'text/csv')
    for (const piece of pieces) {
      conductor.emit('piece', piece)
      assert.deepEqual((await part).value, piece)
      part = stream.next()
    }
    conductor.emit('end')
    assert.equal((await part).done, true)
  })

  test('of a session comes from the container that holds it', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using router = await startRouter({ config: config([a, b]) })
    await using client = new Boto3Client({ python, url: router.url })
    for (const home of [a, b]) {
      const id = await beginAt(client, home)
      const [session] = [...home.sessions].slice(-1)
      const parts = await all(client.stream({ SessionId: id }, 'a question'))
      assert.deepEqual(JSON.parse(Buffer.concat(parts).toString()), {
        replica: home.name,
        session,
        bytes: 10,
      })
    }
  })

  test('raises ModelStreamError after its last part where the container breaks off or falls silent', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    const { handle, conductor } = conducted()
    await using a = await startModelContainer('a', { handle })
    await using router = await startRouter({ config: config([a], '', 'timeouts: { stream: 500ms }\n') })
    await using client = new Boto3Client({ python, url: router.url })
    for (const [happening, words] of [
      ['broken', /broke off/],
      ['silence', /nothing more/],
    ] as const) {
      const stream = client.stream()
      const asked = once(conductor, 'asked')
      const part = stream.next()
      await asked
      conductor.emit('piece', everyByte)
      assert.deepEqual((await part).value, everyByte)
      conductor.emit(happening)
      const { raised, message, response } = await errorOf(stream.next())
      // The class that botocore has for all errors within streams; the code tells which it is.
      assert.equal(raised, 'EventStreamError')
      assert.equal(response.code, 'ModelStreamError')
      assert.match(message, words)
    }
  })
})

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe('a body that is not JSON, by boto3', () => {
  /** Bytes that no text has: a JPEG's first ones, then whatever. */
  const jpeg = Buffer.concat([
    Buffer.from('ffd8ffe000104a46494600', 'hex'),
    everyByte,
    Buffer.from('ffd9', 'hex'),
  ])
  const large = Buffer.alloc(8 * 1024 * 1024)
  for (let at = 0; at < large.length; at++) large[at] = (at * 31 + (at >> 9)) & 255

  for (const verification of ['unverified', 'verified'] as const) {
    test(`goes both ways byte for byte, its signature ${verification}`, async (t) => {
      const python = pythonFor(t)
      if (python === undefined) return
      await using a = await startModelContainer('a', { handle: echo })
      const more = verification === 'verified' ? signed : ''
      await using router = await startRouter({ config: config([a], more), env: accessKeys })
      await using client = new Boto3Client({ python, url: router.url })
      for (const [ContentType, body] of [
        ['text/csv', Buffer.from('a,b\r\n1,"é\n"\r\n')],
        ['image/jpeg', jpeg],
        ['application/octet-stream', Buffer.alloc(0)],
        ['application/x-npy', everyByte],
        ['video/mp4', large],
      ] as const) {
        const answer = await client.invoke({ ContentType }, body)
        assert.equal(answer.members.ContentType, ContentType)
        assert.ok(answer.body.equals(body), ContentType)
        const parts = await all(client.stream({ ContentType }, body))
        assert.ok(Buffer.concat(parts).equals(body), `${ContentType}, streamed`)
      }
    })
  }
})

describe("botocore's signatures", () => {
  test('are verified: whoever has a wrong secret is refused in both calls', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config([a], signed), env: accessKeys })
    await using friend = new Boto3Client({ python, url: router.url })
    await using liar = new Boto3Client({ python, url: router.url, secret: 'no+real/secreT' })
    const id = await friend.begin({ CustomAttributes: 'two  spaces, "quotes" ; a=b' })
    await friend.invoke({ SessionId: id })
    await all(friend.stream({ SessionId: id, Accept: 'text/csv' }))
    for (const input of [{}, { SessionId: id }, { SessionId: 'NEW_SESSION' }]) {
      const { raised, message, response } = await errorOf(
        liar.invoke(input, '{"requestType": "NEW_SESSION"}'),
      )
      assert.deepEqual([raised, response.code], ['ClientError', 'InvalidSignatureException'])
      assert.match(message, /signature does not match/)
      assert.equal(httpStatusOf(response), 403)
    }
    assert.equal((await errorOf(all(liar.stream()))).response.code, 'InvalidSignatureException')
    assert.equal(a.sessions.size, 1)
    // No container gets to see who signed.
    assert.doesNotMatch(JSON.stringify(a.seen), /AKID|x-amz-(?:date|content|security)/i)
  })

  test('of temporary credentials are verified too, and the container never sees their token', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config([a], signed), env: accessKeys })
    await using client = new Boto3Client({ python, url: router.url, token: 'token/of+a=session' })
    await client.invoke({ SessionId: await client.begin() })
    assert.equal(a.seen.length, 2)
    assert.doesNotMatch(JSON.stringify(a.seen), /token/)
  })

  // botocore sends no X-Amz-Content-Sha256, so nothing of its signature is certain before the body's end; what is
  // wrong with a session is told from the head.
  test('keep what there is to know of sessions from whoever has a wrong secret', async (t) => {
    const python = pythonFor(t)
    if (python === undefined) return
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config([a], signed), env: accessKeys })
    await using liar = new Boto3Client({ python, url: router.url, secret: 'no+real/secreT' })
    for (const input of [{ SessionId: 'made-up' }, { TargetVariant: 'Blue' }]) {
      const { response } = await errorOf(liar.invoke(input))
      assert.equal(response.code, 'InvalidSignatureException')
    }
  })
})
