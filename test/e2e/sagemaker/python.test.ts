/** Sessions of SageMaker's runtime API by boto3, which is told nothing but the endpoint URL. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type InvocationHandler, startModelContainer } from '../../kit/model-container.ts'
import { until } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'
import { pythonEnvironment } from '../python-environment.ts'
import { awsEnvironment, PythonClient, type PythonOutcome, pythonScript } from './python-client.ts'

const run = promisify(execFile)
const environment = await pythonEnvironment()

/** A test that has a Python; where there is none, it says so in a line that can't be overlooked. */
function pythonTest(name: string, body: (python: string) => Promise<void>): void {
  test(name, async (t: TestContext) => {
    if (!('missing' in environment)) return body(environment.python)
    process.stderr.write(`SKIPPED: ${name}: ${environment.missing}\n`)
    t.skip(environment.missing)
  })
}

function configOf(urls: readonly string[], more = '', top = ''): string {
  return `${top}services:\n  - { name: media, dialect: sagemaker, replicas: [${urls.map((url) => `'${url}'`)}]${more} }\n`
}

/** Asserts that it was raised as this class of `runtime.exceptions`, and returns what it holds. */
function raised(
  { exception, response, text }: PythonOutcome,
  name: string,
  status: number,
  message: RegExp,
): PythonOutcome['response'] {
  assert.equal(exception, name, text)
  assert.equal(response.ResponseMetadata.HTTPStatusCode, status)
  assert.match(text, message)
  return response
}

const pieces = Array.from({ length: 20 }, (_, index) => `piece ${index};`)

/** Containers that answer as the request's custom attributes say. */
const byAttributes: InvocationHandler = (request, response) => {
  switch (request.headers['x-amzn-sagemaker-custom-attributes']) {
    case 'echo':
      void buffer(request).then((body) => {
        response.setHeader('content-type', request.headers['content-type'] ?? '').end(body)
      })
      return true
    case 'pieces':
      void (async () => {
        for (const piece of pieces) {
          response.write(piece)
          await delay(5)
        }
        response.end()
      })()
      return true
    case 'status=400':
      response.writeHead(400).end('no such Größe')
      return true
    case 'status=503':
      response.writeHead(503).end('out of memory')
      return true
    case 'hang':
      return true
    case 'cut':
      response.write('one', () => response.destroy())
      return true
    case 'stall':
      response.write('one')
      return true
    default:
      return false
  }
}

describe('a session by boto3', () => {
  pythonTest('is created, used and closed by the documented steps, word for word', async (python) => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using router = await startRouter({
      config: `services:\n  - { name: my-endpoint, dialect: sagemaker, replicas: ['${a.url}', '${b.url}'] }\n`,
    })
    const { stdout } = await run(python, [pythonScript('sagemaker_session.py')], {
      env: { ...process.env, ...awsEnvironment(router.url) },
    })
    const [created, used, closed] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.match(created.header, /^[0-9a-z-]+; Expires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(created.parameter, created.header)
    const home = a.seen.length > 0 ? a : b
    const session = home.seen[1]!.headers['x-amzn-sagemaker-session-id'] as string
    assert.ok(created.id.startsWith(`${session}-`), 'the id is the container’s with a suffix')
    assert.deepEqual(used, { replica: home.name, session, bytes: 36 })
    assert.deepEqual(closed, { closed: created.id })
    assert.deepEqual([a.seen.length + b.seen.length, home.seen.length], [3, 3])
    assert.deepEqual([a.sessions.size, b.sessions.size], [0, 0])
  })

  pythonTest('is refused in words of its own for each reason', async (python) => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using short = await startModelContainer('short', { expiresSeconds: 1 })
    const config =
      configOf([a.url, b.url]) +
      `  - { name: text, dialect: sagemaker, replicas: ['${a.url}'] }\n` +
      `  - { name: short, dialect: sagemaker, replicas: ['${short.url}'] }\n`
    await using router = await startRouter({ config })
    await using media = new PythonClient(python, router.url, 'media')
    await using words = new PythonClient(python, router.url, 'text')
    await using brief = new PythonClient(python, router.url, 'short')
    await using nobody = new PythonClient(python, router.url, 'nobody')

    const expiring = await brief.begin()
    const id = await media.begin()
    const ended = await media.begin()
    await media.invoke({ SessionId: ended, Body: '{"requestType":"CLOSE"}' })
    const forged = id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    const seen = a.seen.length + b.seen.length
    const refusals: [PythonOutcome, RegExp][] = [
      [await media.invoke({ SessionId: ended }), /The session was closed\.$/],
      [await media.invoke({ SessionId: forged }), /The session id was altered: its signature is wrong\.$/],
      [await media.invoke({ SessionId: 'made-up' }), /The session id is none that endpoint media gave\.$/],
      [await words.invoke({ SessionId: id }), /The session does not belong to endpoint text\.$/],
      [await nobody.invoke({ SessionId: id }), /Endpoint nobody not found\.$/],
      [await media.invoke({ SessionId: 'a/b' }), /Value at 'sessionId' failed to satisfy constraint/],
      [await media.stream({ SessionId: 'NEW_SESSION' }), /Value at 'sessionId' failed to satisfy constraint/],
    ]
    await until('the session has expired', async () => {
      const outcome = await brief.invoke({ SessionId: expiring })
      if (outcome.exception !== undefined) refusals.push([outcome, /The session has expired\. Begin another/])
      return outcome.exception
    })
    assert.equal(a.seen.length + b.seen.length, seen)
    await (a.sessions.size > 0 ? a : b)[Symbol.asyncDispose]()
    refusals.push([await media.invoke({ SessionId: id }), /The replica that held this session is gone/])
    refusals.push([await media.stream({ SessionId: id }), /The replica that held this session is gone/])
    for (const [outcome, message] of refusals) raised(outcome, 'ValidationError', 400, message)
  })
})

describe('what a container answers, as boto3 has it', () => {
  pythonTest('is the same bytes of any type that were sent to it', async (python) => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: configOf([a.url]) })
    await using client = new PythonClient(python, router.url, 'media')
    const picture = Buffer.concat([Buffer.from('ffd8ffe000104a46494600', 'hex'), randomBytes(70_000)])
    const bodies: [string, Buffer][] = [
      ['text/csv', Buffer.from('a;b\r\n1;"Zürich\n"\r\n', 'latin1')],
      ['image/jpeg', picture],
      ['application/x-npy', Buffer.from(Array.from({ length: 1024 }, (_, index) => index & 255))],
      ['video/mp4', randomBytes(8 * 1024 * 1024)],
      ['application/octet-stream', Buffer.alloc(0)],
    ]
    for (const [ContentType, Body] of bodies) {
      const outcome = await client.invoke({ ContentType, Body, CustomAttributes: 'echo' })
      assert.equal(outcome.response.ContentType, ContentType, outcome.text)
      assert.ok(outcome.body.equals(Body), ContentType)
      const streamed = await client.stream({ ContentType, Body, CustomAttributes: 'echo' })
      assert.equal(streamed.response.ContentType, ContentType, streamed.text)
      assert.ok(Buffer.concat(streamed.parts).equals(Body), `${ContentType}, streamed`)
    }
  })

  pythonTest('is a stream of its pieces in a session', async (python) => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: configOf([a.url]) })
    await using client = new PythonClient(python, router.url, 'media')
    const SessionId = await client.begin()
    const { parts, text } = await client.stream({ SessionId, CustomAttributes: 'pieces' })
    assert.equal(parts.map(String).join(''), pieces.join(''), text)
    assert.ok(parts.length >= 5, `${parts.length} parts`)
    assert.ok(SessionId.startsWith(`${a.seen[1]!.headers['x-amzn-sagemaker-session-id']}-`))
  })

  pythonTest('is ModelError with the original inside, in both calls', async (python) => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({
      config: configOf([a.url], '', 'timeouts: { response: 300ms }\n'),
    })
    await using client = new PythonClient(python, router.url, 'media')
    for (const [attributes, status, original, message] of [
      [
        'status=400',
        400,
        'no such Größe',
        /Received client error \(400\) from primary with message "no such Größe"$/,
      ],
      ['status=503', 503, 'out of memory', /Received server error \(503\) from primary/],
      ['hang', 0, 'The replica did not answer in time.', /Received server error \(0\) from primary/],
    ] as const) {
      for (const outcome of [
        await client.invoke({ CustomAttributes: attributes }),
        await client.stream({ CustomAttributes: attributes }),
      ]) {
        const { OriginalStatusCode, OriginalMessage, LogStreamArn } = raised(
          outcome,
          'ModelError',
          424,
          message,
        )
        assert.deepEqual([OriginalStatusCode, OriginalMessage, LogStreamArn], [status, original, ''])
      }
    }
  })

  pythonTest('is ModelStreamError where a stream breaks off or falls silent', async (python) => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    await using router = await startRouter({ config: configOf([a.url], '', 'timeouts: { stream: 300ms }\n') })
    await using client = new PythonClient(python, router.url, 'media')
    for (const [attributes, message] of [
      ['cut', /broke off in the middle/],
      ['stall', /nothing more for too long/],
    ] as const) {
      const { exception, text, response, parts } = await client.stream({ CustomAttributes: attributes })
      // botocore has one class for all exceptions in a stream; which one it is, it tells by the code.
      assert.equal(exception, 'EventStreamError', text)
      assert.equal((response.Error as { Code: string }).Code, 'ModelStreamError')
      assert.match(text, message)
      assert.deepEqual(parts.map(String), ['one'])
    }
  })

  pythonTest(
    'is ModelNotReadyException, or ServiceUnavailable, where no container can answer',
    async (python) => {
      const a = await startModelContainer('a')
      await using router = await startRouter({ config: configOf([a.url], ', health: { interval: 20ms }') })
      await using client = new PythonClient(python, router.url, 'media')
      assert.equal((await client.invoke()).exception, undefined)
      a.pingStatus = 503
      const refused = (name: string): Promise<PythonOutcome> =>
        until(name, async () => {
          const outcome = await client.invoke()
          return outcome.exception === name ? outcome : undefined
        })
      raised(await refused('ModelNotReadyException'), 'ModelNotReadyException', 429, /not ready yet/)
      raised(await client.stream(), 'ServiceUnavailable', 503, /not ready yet/)
      await a[Symbol.asyncDispose]()
      raised(await refused('ServiceUnavailable'), 'ServiceUnavailable', 503, /No replica/)
    },
  )
})

describe('an endpoint that verifies signatures', () => {
  pythonTest('takes those of botocore, and no wrong secret', async (python) => {
    await using a = await startModelContainer('a', { handle: byAttributes })
    const secret = 'no+real/secret'
    await using router = await startRouter({
      config: configOf([a.url], ', sagemaker: { signature: { region: eu-central-1 } }'),
      env: { LIMPET_ACCESS_KEYS: `AKIDMADEUP:${secret}` },
    })
    await using friend = new PythonClient(python, router.url, 'media', secret)
    await using liar = new PythonClient(python, router.url, 'media', `${secret}!`)
    const SessionId = await friend.begin()
    const Body = randomBytes(1024 * 1024)
    const CustomAttributes = 'echo'
    const answer = await friend.invoke({ SessionId, Body, CustomAttributes })
    assert.ok(answer.body.equals(Body), answer.text)
    const streamed = await friend.stream({ SessionId, Body, CustomAttributes, InferenceId: 'a, b' })
    assert.ok(Buffer.concat(streamed.parts).equals(Body), streamed.text)
    const seen = a.seen.length
    for (const outcome of [await liar.invoke({ SessionId }), await liar.stream({ SessionId })])
      raised(outcome, 'ClientError', 403, /\(InvalidSignatureException\).*does not match/)
    assert.equal(a.seen.length, seen)
  })
})
