import assert from 'node:assert/strict'
import { request as send } from 'node:http'
import { describe, test } from 'node:test'
import { startModelContainer } from '../../kit/model-container.ts'
import { until } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'
import { SagemakerClient } from '../../kit/sagemaker-client.ts'

const credentials = { accessKeyId: 'AKIDMADEUP', secretAccessKey: 'no+real/secret' }
const env = { LIMPET_ACCESS_KEYS: 'AKIDMADEUP:no+real/secret' }

function config(url: string): string {
  return `services:\n  - { name: media, dialect: sagemaker, replicas: ['${url}'], sagemaker: { signature: { region: eu-central-1 } } }\n`
}

describe('an endpoint that verifies signatures', () => {
  test('serves whom it knows, and refuses others with the exceptions of the API', async () => {
    await using a = await startModelContainer('a')
    await using router = await startRouter({ config: config(a.url), env })
    using friend = new SagemakerClient(router.url, 'media', credentials)
    using liar = new SagemakerClient(router.url, 'media', { ...credentials, secretAccessKey: 'x' })
    using stranger = new SagemakerClient(router.url, 'media')
    const id = await friend.begin()
    assert.equal(
      JSON.parse((await friend.invoke({ SessionId: id, Body: 'x'.repeat(100_000) })).body).bytes,
      100_000,
    )
    await assert.rejects(liar.invoke({ SessionId: id }), { name: 'InvalidSignatureException' })
    await assert.rejects(stranger.invoke({ SessionId: id }), { name: 'UnrecognizedClientException' })
    const unsigned = await fetch(`${router.url}/endpoints/media/invocations`, { method: 'POST', body: '{}' })
    assert.deepEqual(
      [unsigned.status, unsigned.headers.get('x-amzn-errortype')],
      [403, 'MissingAuthenticationTokenException'],
    )
    assert.equal(a.seen.length, 2)
    // No container gets to see who signed, or with what.
    assert.doesNotMatch(JSON.stringify(a.seen), /AKID|x-amz-(?:date|content|security)/i)
  })

  test('lets no body through to its end that is not the one signed', async () => {
    let ended = false
    let began = false
    await using a = await startModelContainer('a', {
      handle: (request) => {
        began = true
        request.on('data', () => undefined)
        request.on('end', () => {
          ended = true
        })
        return true
      },
    })
    await using proxy = await tamperingProxy()
    await using router = await startRouter({ config: config(a.url), env })
    proxy.target = router.port
    using client = new SagemakerClient(proxy.url, 'media', credentials)
    await assert.rejects(client.invoke({ Body: 'y'.repeat(3_000_000) }), {
      name: 'InvalidSignatureException',
    })
    await until('the container has seen its beginning', () => began)
    assert.equal(ended, false)
  })
})

/** Passes requests on with the last byte of their bodies changed, under the Host that was signed. */
async function tamperingProxy(): Promise<{ url: string; target: number } & AsyncDisposable> {
  const { createServer } = await import('node:http')
  const { buffer } = await import('node:stream/consumers')
  const proxy = { url: '', target: 0 }
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    body[body.length - 1] = 'z'.charCodeAt(0)
    const { method, url: path, headers } = request
    const options = { host: '127.0.0.1', port: proxy.target, method, path, headers }
    send(options, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return Object.assign(proxy, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
