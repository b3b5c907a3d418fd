import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request as send } from 'node:http'
import { describe, test } from 'node:test'
import { startModelContainer } from '../../kit/model-container.ts'
import { until } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'

describe('a container that answers before a body has come to its end', () => {
  // Without X-Amz-Content-Sha256 a signature is only certain at the body's end, and this answer is there before.
  test('answers nobody whose signature is yet to be verified', async () => {
    await using a = await startModelContainer('a', {
      handle: (_, response) => {
        response.setHeader('X-Amzn-SageMaker-New-Session-Id', 'abc; Expires=2099-01-01T00:00:00Z')
        response.end('an answer to the head alone')
        return true
      },
    })
    const service = `{ name: media, dialect: sagemaker, replicas: ['${a.url}'], sagemaker: { signature: {} } }`
    await using router = await startRouter({
      config: `services:\n  - ${service}\n`,
      env: { LIMPET_ACCESS_KEYS: 'AKIDMADEUP:no+real/secret' },
    })
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const scope = `${date.slice(0, 8)}/eu-central-1/sagemaker/aws4_request`
    const request = send(`${router.url}/endpoints/media/invocations`, {
      method: 'POST',
      headers: {
        'content-length': 100,
        'x-amz-date': date,
        'x-amzn-sagemaker-session-id': 'NEW_SESSION',
        authorization: `AWS4-HMAC-SHA256 Credential=AKIDMADEUP/${scope}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
      },
    })
    const answered: Promise<[IncomingMessage]> = once(request, 'response') as Promise<[IncomingMessage]>
    request.write('x')
    // Either a container has been asked, or the router waits for the rest of the body first.
    await Promise.race([
      answered,
      until('the router waits', () => a.seen.length > 0, 1000).catch(() => undefined),
    ])
    request.end('x'.repeat(99))
    const [response] = await answered
    response.resume()
    assert.equal(response.statusCode, 403)
    assert.equal(response.headers['x-amzn-sagemaker-new-session-id'], undefined)
  })
})
