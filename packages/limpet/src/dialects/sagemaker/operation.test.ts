import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sampleRequest } from '../dialect.fixture.ts'
import { parameterFault, parseOperation } from './operation.ts'

function operationOf(target: string, method = 'POST') {
  return parseOperation({ ...sampleRequest({}, target), method })
}

describe('the operation that a target names', () => {
  for (const [target, endpoint, streams, query] of [
    ['/endpoints/my-endpoint/invocations', 'my-endpoint', false, ''],
    ['/endpoints/my-endpoint/invocations-response-stream', 'my-endpoint', true, ''],
    ['/endpoints/a/invocations?b=/endpoints/c/invocations', 'a', false, '?b=/endpoints/c/invocations'],
    ['/endpoints/a/invocations?', 'a', false, '?'],
    ['/endpoints/invocations/invocations', 'invocations', false, ''],
    ['/endpoints/a%2Db/invocations', 'a-b', false, ''],
    ['/endpoints/a%2Fb/invocations', 'a/b', false, ''],
    ['/endpoints/a%zz/invocations', 'a%zz', false, ''],
  ] as const) {
    test(`${target} is ${streams ? 'a streamed' : 'an'} invocation of ${endpoint}`, () => {
      assert.deepEqual(operationOf(target), { endpoint, streams, query })
    })
  }

  for (const target of [
    '/',
    '/invocations',
    '/endpoints',
    '/endpoints/a',
    '/endpoints/a/',
    '/endpoints//invocations',
    '/endpoints/a/b/invocations',
    '/endpoints/a/invocations/',
    '/endpoints/a/invocations-response',
    '/endpoints/a/async-invocations',
    '/endpoints/a?/invocations',
    '/ENDPOINTS/a/invocations',
    '/x/endpoints/a/invocations',
    'http://host/endpoints/a/invocations',
    '*',
  ]) {
    test(`${target} is none`, () => {
      assert.equal(operationOf(target), undefined)
    })
  }

  test('needs POST, in capitals', () => {
    for (const method of ['GET', 'PUT', 'HEAD', 'post'])
      assert.equal(operationOf('/endpoints/a/invocations', method), undefined)
  })
})

const sample = { endpoint: 'a', streams: false, query: '' }

describe('a parameter of the API', () => {
  for (const endpoint of ['', '-a', 'a-', 'a_b', 'a\0b', 'a'.repeat(64)]) {
    test(`endpointName may not be ${JSON.stringify(endpoint)}`, () => {
      assert.match(parameterFault(sampleRequest(), { ...sample, endpoint }) ?? '', /'endpointName' failed/)
    })
  }

  for (const [field, name, least, most] of [
    ['x-amzn-sagemaker-custom-attributes', 'customAttributes', 0, 1024],
    ['x-amzn-sagemaker-inference-id', 'inferenceId', 1, 64],
    ['x-amzn-sagemaker-target-variant', 'targetVariant', 1, 63],
  ] as const) {
    const faultOf = (length: number) => parameterFault(sampleRequest({ [field]: 'x'.repeat(length) }), sample)
    const failed = `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must have length`

    test(`${name} may have ${least} to ${most} characters`, () => {
      assert.deepEqual([faultOf(least), faultOf(most)], [undefined, undefined])
      assert.equal(faultOf(most + 1), `${failed} less than or equal to ${most}`)
      if (least > 0) assert.equal(faultOf(least - 1), `${failed} greater than or equal to ${least}`)
    })
  }

  test('may be absent', () => {
    assert.equal(parameterFault(sampleRequest(), sample), undefined)
  })
})
