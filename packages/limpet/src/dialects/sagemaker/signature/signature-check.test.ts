import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import {
  InvokeEndpointCommand,
  type InvokeEndpointCommandInput,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
  type SageMakerRuntimeClientConfig,
} from '@aws-sdk/client-sagemaker-runtime'
import { refusals } from '../../../errors.ts'
import { errorOf } from '../refusals.ts'
import { createSignatureCheck, type SignatureRefusal } from './signature-check.ts'
import { verdict, type WireRequest, wireRequest, withField } from './wire-request.fixture.ts'

const credentials = { accessKeyId: 'AKIDMADEUP', secretAccessKey: 'no+real/secret' }
/** Refusals are asserted; the SDK need not print them too. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const config = {
  accessKeys: new Map([[credentials.accessKeyId, credentials.secretAccessKey]]),
  region: 'eu-west-1',
  service: 'sagemaker',
  maxSkewMs: 300_000,
}

describe("the AWS SDK's client of a server that verifies signatures", () => {
  const check = createSignatureCheck(config)
  const seen: WireRequest[] = []
  const verdicts: string[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', rawHeaders } = request
    const fields = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [[name, rawHeaders[at + 1]!] as const] : [],
    )
    const wire = { method, target: url, fields, body: await buffer(request) }
    const found = verdict(check, wire, Date.now())
    seen.push(wire)
    verdicts.push(found)
    if (found === 'verified') {
      const isStream = url.endsWith('-response-stream')
      response.setHeader('content-type', isStream ? 'application/vnd.amazon.eventstream' : 'text/plain')
      response.end(isStream ? '' : 'ok')
      return
    }
    const { status, type } = errorOf(found as SignatureRefusal)
    const { message } = refusals[found as SignatureRefusal]
    response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
    response.end(JSON.stringify({ message }))
  })
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  function client(options: SageMakerRuntimeClientConfig = {}): SageMakerRuntimeClient {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return new SageMakerRuntimeClient({
      endpoint,
      region: 'eu-west-1',
      credentials,
      maxAttempts: 1,
      logger: silent,
      ...options,
    })
  }

  const inputs: InvokeEndpointCommandInput[] = [
    { EndpointName: 'chat', Body: '{"requestType":"NEW_SESSION"}', SessionId: 'NEW_SESSION' },
    { EndpointName: 'chat', Body: Buffer.from([0, 255, 128]), ContentType: 'image/png', SessionId: 'a-1' },
    { EndpointName: 'chat', Body: '' },
    { EndpointName: "my chat+v2~(x)*'!/é%41", Body: 'a,b\n', ContentType: 'text/csv' },
    { EndpointName: 'chat', Body: 'é', CustomAttributes: 'a   b, c' },
    { EndpointName: 'chat', Body: Buffer.alloc(300_000, 7), TargetVariant: 'blue' },
  ]
  for (const input of inputs) {
    test(`is served: ${JSON.stringify({ ...input, Body: undefined })}`, async () => {
      const answer = await client().send(new InvokeEndpointCommand(input))
      assert.equal(answer.Body.transformToString(), 'ok')
    })
  }

  test('is served with a session token', async () => {
    const sdk = client({ credentials: { ...credentials, sessionToken: 'a/token+==' } })
    await sdk.send(new InvokeEndpointCommand({ EndpointName: 'chat', Body: '{}' }))
    assert.equal(
      withField(seen.at(-1)!, 'x-amz-security-token', undefined).fields.length,
      seen.at(-1)!.fields.length - 1,
    )
  })

  test('is served a streamed response', async () => {
    const command = new InvokeEndpointWithResponseStreamCommand({
      EndpointName: 'chat',
      Body: '{}',
      SessionId: 'a',
    })
    assert.equal((await client().send(command)).$metadata.httpStatusCode, 200)
  })

  test('corrects a clock that is an hour slow by the Date of the refusal', async () => {
    const sdk = client({ systemClockOffset: -3_600_000, maxAttempts: 2 })
    const from = verdicts.length
    await sdk.send(new InvokeEndpointCommand({ EndpointName: 'chat', Body: '{}' }))
    assert.deepEqual(verdicts.slice(from), ['LIMPET_SIGNATURE_EXPIRED', 'verified'])
  })

  const wrong: [
    what: string,
    SageMakerRuntimeClientConfig,
    name: string,
    code: SignatureRefusal,
    body?: Readable,
  ][] = [
    [
      'another secret',
      { credentials: { ...credentials, secretAccessKey: 'x' } },
      'InvalidSignatureException',
      'LIMPET_SIGNATURE_MISMATCH',
    ],
    [
      'an unknown key',
      { credentials: { ...credentials, accessKeyId: 'AKIDOTHER' } },
      'UnrecognizedClientException',
      'LIMPET_SIGNATURE_UNKNOWN_KEY',
    ],
    ['another region', { region: 'us-east-1' }, 'InvalidSignatureException', 'LIMPET_SIGNATURE_SCOPE'],
    ['a fast clock', { systemClockOffset: 301_500 }, 'InvalidSignatureException', 'LIMPET_SIGNATURE_EARLY'],
    [
      'content that it streams',
      {},
      'IncompleteSignatureException',
      'LIMPET_SIGNATURE_UNSIGNED_PAYLOAD',
      Readable.from([Buffer.from('{}')]),
    ],
  ]
  for (const [what, options, name, code, body] of wrong) {
    test(`is refused with ${what} and throws ${name}`, async () => {
      // The SDK sends streams as they come; only its types leave them out.
      const Body = (body ?? '{}') as string
      const sent = client(options).send(new InvokeEndpointCommand({ EndpointName: 'chat', Body }))
      const { status, message } = refusals[code]
      await assert.rejects(sent, (error: Error & { $metadata: { httpStatusCode: number } }) => {
        assert.deepEqual([error.name, error.message, error.$metadata.httpStatusCode], [name, message, status])
        return true
      })
      assert.equal(verdicts.at(-1), code)
    })
  }

  test('has signed every part of its request', async () => {
    await client().send(
      new InvokeEndpointCommand({
        EndpointName: 'chat',
        Body: 'hello',
        ContentType: 'text/plain',
        SessionId: 'a',
      }),
    )
    const request = seen.at(-1)!
    const told = (other: WireRequest) => verdict(check, other, Date.now())
    const mismatch = 'LIMPET_SIGNATURE_MISMATCH'
    assert.equal(told(request), 'verified')
    assert.equal(told({ ...request, method: 'PUT' }), mismatch)
    for (const target of [
      '/endpoints/chat2/invocations',
      '/endpoints/chat/invocations?a=b',
      '/endpoints/chat/%69nvocations',
    ])
      assert.equal(told({ ...request, target }), mismatch, target)
    for (const body of ['hellp', 'hell', 'hello!', '']) {
      const other = { ...request, body: Buffer.from(body) }
      assert.equal(told(other), 'LIMPET_SIGNATURE_PAYLOAD_MISMATCH', body)
    }
    const authorization = request.fields.find(([name]) => name.toLowerCase() === 'authorization')![1]
    const signed = /SignedHeaders=([^,]+)/.exec(authorization)![1]!.split(';')
    assert.ok(signed.includes('x-amzn-sagemaker-session-id'), authorization)
    for (const name of signed) {
      assert.notEqual(told(withField(request, name, 'x')), 'verified', name)
      assert.notEqual(told(withField(request, name, undefined)), 'verified', name)
      const value = request.fields.find(([other]) => other.toLowerCase() === name)![1]
      const twice = { ...request, fields: [...request.fields, [name, value] as const] }
      assert.notEqual(told(twice), 'verified', name)
    }
    const last = authorization.at(-1) === '0' ? '1' : '0'
    assert.equal(told(withField(request, 'authorization', authorization.slice(0, -1) + last)), mismatch)
    assert.equal(told(withField(request, 'user-agent', 'another')), 'verified')
  })
})

describe('a request is refused', () => {
  const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
  const check = createSignatureCheck(config)
  const signature = 'a'.repeat(64)
  const scope = '20260102/eu-west-1/sagemaker/aws4_request'
  const authorization = (changes: Partial<Record<'scope' | 'signed' | 'key', string>> = {}) =>
    `AWS4-HMAC-SHA256 Credential=${changes.key ?? 'AKIDMADEUP'}/${changes.scope ?? scope}, ` +
    `SignedHeaders=${changes.signed ?? 'host;x-amz-date'}, Signature=${signature}`

  function told(field: string | undefined, fields: readonly string[] = [], target = '/'): string {
    const lines = [`POST ${target} HTTP/1.1`, 'Host: a', 'X-Amz-Date: 20260102T030405Z', ...fields]
    return verdict(check, withField(wireRequest(lines.join('\n')), 'authorization', field), nowMs)
  }

  const cases: [what: string, code: SignatureRefusal, ...Parameters<typeof told>][] = [
    ['without a signature', 'LIMPET_SIGNATURE_MISSING', undefined],
    ['presigned', 'LIMPET_SIGNATURE_PRESIGNED', undefined, [], `/?X-Amz-Signature=${signature}`],
    ['in chunks', 'LIMPET_SIGNATURE_CHUNKED', authorization(), ['Transfer-Encoding: chunked']],
    ['with another scheme', 'LIMPET_SIGNATURE_INCOMPLETE', 'Bearer abc'],
    ['without host signed', 'LIMPET_SIGNATURE_INCOMPLETE', authorization({ signed: 'x-amz-date' })],
    ['without its date signed', 'LIMPET_SIGNATURE_INCOMPLETE', authorization({ signed: 'date;host' })],
    [
      "without its content's hash signed",
      'LIMPET_SIGNATURE_INCOMPLETE',
      authorization(),
      [`X-Amz-Content-Sha256: ${signature}`],
    ],
    ...['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'A'.repeat(64), ''].map(
      (hash): (typeof cases)[number] => [
        `with the hash "${hash}"`,
        'LIMPET_SIGNATURE_UNSIGNED_PAYLOAD',
        authorization({ signed: 'host;x-amz-content-sha256;x-amz-date' }),
        [`X-Amz-Content-Sha256: ${hash}`],
      ],
    ),
    ['of an unknown key', 'LIMPET_SIGNATURE_UNKNOWN_KEY', authorization({ key: 'constructor' })],
    ...[
      '20260101/eu-west-1/sagemaker/aws4_request',
      scope.replace('eu', 'us'),
      scope.replace('sagemaker', 's3'),
      `${scope}2`,
    ].map((other): (typeof cases)[number] => [
      `of the scope ${other}`,
      'LIMPET_SIGNATURE_SCOPE',
      authorization({ scope: other }),
    ]),
    ['with a guessed signature', 'LIMPET_SIGNATURE_MISMATCH', authorization()],
    ['without a signed field', 'LIMPET_SIGNATURE_MISMATCH', authorization({ signed: 'host;x-a;x-amz-date' })],
    ['with a broken query', 'LIMPET_SIGNATURE_MISMATCH', authorization(), [], '/?a=%zz'],
  ]
  for (const [what, code, ...args] of cases) {
    test(`${what}: ${code}`, () => assert.equal(told(...args), code))
  }

  test('from outside five minutes around now, to the millisecond', () => {
    const at = (offsetMs: number) => {
      const request = wireRequest('POST / HTTP/1.1\nHost: a\nX-Amz-Date: 20260102T030405Z')
      return verdict(check, withField(request, 'authorization', authorization()), nowMs + offsetMs)
    }
    assert.equal(at(300_000), 'LIMPET_SIGNATURE_MISMATCH')
    assert.equal(at(300_001), 'LIMPET_SIGNATURE_EXPIRED')
    assert.equal(at(-300_000), 'LIMPET_SIGNATURE_MISMATCH')
    assert.equal(at(-300_001), 'LIMPET_SIGNATURE_EARLY')
  })
})
