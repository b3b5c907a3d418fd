import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requestOf } from '../../../http/heads.fixture.ts'
import { botocoreHead, botocoreRequests } from './botocore.fixture.ts'
import { createSignatureCheck } from './signature-check.ts'
import { contentOf, verdict, type WireRequest, wireRequest, withField } from './wire-request.fixture.ts'

const maxSkewMs = 300_000

describe("requests of AWS's test suite for Signature Version 4", () => {
  const nowMs = Date.UTC(2015, 7, 30, 12, 36)
  const check = createSignatureCheck({
    accessKeys: new Map([['AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY']]),
    region: 'us-east-1',
    service: 'service',
    maxSkewMs,
  })
  const unreserved = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const vectors: [name: string, line: string, fields: string[], signature: string, body?: string][] = [
    ['get-vanilla', 'GET /', [], '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-header-key-duplicate',
      'GET /',
      ['My-Header1:value2', 'My-Header1:value2', 'My-Header1:value1'],
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    [
      'get-header-value-order',
      'GET /',
      ['My-Header1:value4', 'My-Header1:value1', 'My-Header1:value3', 'My-Header1:value2'],
      '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
    ],
    [
      'get-header-value-trim',
      'GET /',
      ['My-Header1: value1', 'My-Header2: "a   b   c"'],
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'get-unreserved',
      `GET /${unreserved}`,
      [],
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'get-vanilla-empty-query-key',
      'GET /?Param1=value1',
      [],
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-query-order-key',
      'GET /?Param1=value2&Param1=Value1',
      [],
      'eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1',
    ],
    [
      'get-vanilla-query-order-key-case',
      'GET /?Param2=value2&Param1=value1',
      [],
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-order-value',
      'GET /?Param1=value2&Param1=value1',
      [],
      '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
    ],
    [
      'get-vanilla-query-unreserved',
      `GET /?${unreserved}=${unreserved}`,
      [],
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    [
      'get-vanilla-utf8-query',
      `GET /?${Buffer.from('ሴ').toString('latin1')}=bar`,
      [],
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    [
      'get-vanilla-utf8-query, as HTTP has it',
      'GET /?%e1%88%b4=bar',
      [],
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    ['post-vanilla', 'POST /', [], '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-header-value-case',
      'POST /',
      ['My-Header1:VALUE1'],
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
    [
      'post-vanilla-query',
      'POST /?Param1=value1',
      [],
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST /',
      ['Content-Type:application/x-www-form-urlencoded'],
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
      'Param1=value1',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      'POST /',
      ['Content-Type:application/x-www-form-urlencoded; charset=utf8'],
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
      'Param1=value1',
    ],
  ]

  function suiteRequest(line: string, fields: readonly string[], signature: string, body = ''): WireRequest {
    const all = ['Host:example.amazonaws.com', 'X-Amz-Date:20150830T123600Z', ...fields]
    const names = new Set(all.map((field) => field.slice(0, field.indexOf(':')).toLowerCase()))
    const signedHeaders = [...names].sort().join(';')
    const credential = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
    const authorization = `Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`
    return wireRequest([`${line} HTTP/1.1`, ...all, authorization].join('\n'), Buffer.from(body))
  }

  for (const [name, line, fields, signature, body] of vectors) {
    test(`${name} is verified, and with another method is not`, () => {
      const request = suiteRequest(line, fields, signature, body)
      assert.equal(verdict(check, request, nowMs), 'verified')
      assert.equal(verdict(check, { ...request, method: 'PUT' }, nowMs), 'LIMPET_SIGNATURE_MISMATCH')
    })
  }

  test('paths that signers shorten are refused although the suite has them', () => {
    // get-slash, get-slash-dot-slash and get-relative have the signature of get-vanilla.
    const signature = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
    for (const path of ['//', '/./', '/example/..', '/example/../', '/.', '*', '']) {
      const request = suiteRequest(`GET ${path}`, [], signature)
      assert.equal(verdict(check, request, nowMs), 'LIMPET_SIGNATURE_MISMATCH', path)
    }
  })
})

describe('requests of botocore', () => {
  const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
  const check = createSignatureCheck({
    accessKeys: new Map([['AKIDLIMPETTEST', 'made+up/secret/of+this+test']]),
    region: 'eu-west-1',
    service: 'sagemaker',
    maxSkewMs,
  })
  for (const recorded of botocoreRequests) {
    const request = wireRequest(botocoreHead(recorded), recorded.body)

    test(`${recorded.name}: verified behind the last byte`, () => {
      assert.equal(verdict(check, request, nowMs), 'verified')
    })

    test(`${recorded.name}: refused there with other content, another path or another field`, () => {
      const others = [
        { ...request, body: Buffer.concat([request.body, Buffer.from('x')]) },
        { ...request, target: request.target.replace('/invocations', 'x/invocations') },
        { ...request, target: `${request.target}?a` },
        withField(request, 'host', 'localhost'),
        ...recorded.fields.map((field) =>
          withField(request, field.slice(0, field.indexOf(':')).toLowerCase(), 'x'),
        ),
      ]
      for (const other of others) assert.equal(verdict(check, other, nowMs), 'LIMPET_SIGNATURE_MISMATCH')
    })
  }

  test("a head of the router's own parser is taken as it is", () => {
    const [recorded] = botocoreRequests
    const head = requestOf(`${botocoreHead(recorded!)}\r\n\r\n`)
    const payload = check.begin(head, nowMs)
    assert.ok(typeof payload !== 'string', String(payload))
    payload.update(contentOf([recorded!.body, 0, recorded!.body.length]))
    assert.equal(payload.end(), undefined)
  })

  test('a security token that is not signed is refused', () => {
    const [first] = botocoreRequests
    const request = withField(wireRequest(botocoreHead(first!), first!.body), 'x-amz-security-token', 'any')
    assert.equal(verdict(check, request, nowMs), 'LIMPET_SIGNATURE_INCOMPLETE')
  })
})
