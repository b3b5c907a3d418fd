import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forwardRequestHead, HopLines } from '../../http/forward-request.ts'
import { headOf, requestOf as headOfRequest } from '../../http/heads.fixture.ts'
import { greetingOf } from './greeting.ts'
import { requestOf, responseOf, sampleCalls } from './mcp.fixture.ts'
import { SessionCall } from './session-call.ts'

const opening = JSON.stringify({
  jsonrpc: '2.0',
  id: 7,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', clientInfo: { name: 'ä' }, __proto__: null },
})
const record = { epoch: 0, idAtReplica: 'old', opening, settings: [] }

const hop = new HopLines({
  trusted: false,
  peerAddress: '10.0.0.9',
  proto: 'http',
  via: 'limpet',
  forwarded: true,
})

/** The head of a request that waits, as it went to its replica. */
function waitingHead(requestLine: string, ...lines: string[]): string {
  const head = headOfRequest(headOf(requestLine, 'Host: mcp.example.com', ...lines))
  const call = new SessionCall(sampleCalls(), requestOf('POST'), 'x', {
    idAtReplica: 'old',
    carried: { keyId: 1, replicaTag: 'x', epoch: 0 },
  })
  const changes = { replacesHost: false, replacedFields: call.replacedFields, targetForReplica: undefined }
  return forwardRequestHead(head, hop, changes)
}

/** The fields of a head that a strict parser reads, lower case, in the order of their names. */
function fieldsOf(head: string): [string, string][] {
  const { fields } = headOfRequest(`${head}\r\n`)
  const all = Array.from({ length: fields.count }, (_, at): [string, string] => [
    fields.name(at).toLowerCase(),
    fields.value(at),
  ])
  return all.sort(([a], [b]) => (a < b ? -1 : 1))
}

const waiting = waitingHead(
  'POST /mcp?tenant=a HTTP/1.1',
  'Authorization: Bearer secret',
  'Cookie: a=b',
  'Origin: https://app.example.com',
  'User-Agent: client/1',
  'X-Own: kept',
  'Accept: application/json, text/event-stream',
  'Accept-Encoding: gzip',
  'Content-Type: application/json; charset=utf-16',
  'Content-Length: 99',
  'Content-Digest: sha-256=:x:',
  'Content-Encoding: identity',
  'MCP-Session-ID: the-clients-own',
  'Mcp-Protocol-Version: 2025-11-25',
  'Mcp-Method: tools/call',
  'Mcp-Name: tool',
  'Mcp-Param-City: Kyiv',
  'Last-Event-ID: 5',
  'Expect: 100-continue',
  'Connection: x-of-this-hop, keep-alive',
  'X-Of-This-Hop: gone',
)

const common: [string, string][] = [
  ['accept', 'application/json, text/event-stream'],
  ['authorization', 'Bearer secret'],
  ['content-length', '42'],
  ['content-type', 'application/json'],
  ['cookie', 'a=b'],
  ['forwarded', 'for=10.0.0.9;host="mcp.example.com";proto=http'],
  ['host', 'mcp.example.com'],
  ['origin', 'https://app.example.com'],
  ['user-agent', 'client/1'],
  ['via', '1.1 limpet'],
  ['x-forwarded-for', '10.0.0.9'],
  ['x-forwarded-host', 'mcp.example.com'],
  ['x-forwarded-proto', 'http'],
  ['x-own', 'kept'],
]

/** By name. */
const sorted = (...more: [string, string][]) => [...common, ...more].sort(([a], [b]) => (a < b ? -1 : 1))

describe('what begins a session anew', () => {
  test("is the client's own initialize, initialized, and what it has set, with ids of the router's", () => {
    const settings = [
      ['logging/setLevel', '{"jsonrpc":"2.0","id":7,"method":"logging/setLevel","params":{"level":"error"}}'],
      [
        'resources/subscribe a',
        '{"jsonrpc":"2.0","id":"x","method":"resources/subscribe","params":{"uri":"a"}}',
      ],
    ] as const
    const contents = greetingOf({ ...record, settings }, undefined).contents.map((content) =>
      JSON.parse(content),
    )
    assert.deepEqual(contents, [
      { ...JSON.parse(opening), id: 'limpet-0' },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 'limpet-2', method: 'logging/setLevel', params: { level: 'error' } },
      { jsonrpc: '2.0', id: 'limpet-3', method: 'resources/subscribe', params: { uri: 'a' } },
    ])
  })

  test('is sent with all that says whose request it is, and with nothing that is of the waiting one alone', () => {
    const first = greetingOf(record, '2025-11-25').head(waiting, undefined, 42)
    assert.match(first, /^POST \/mcp\?tenant=a HTTP\/1\.1\r\n/)
    assert.deepEqual(fieldsOf(first), sorted())
  })

  test('goes on in the session that the replica has given, with the revision that was agreed on', () => {
    const next = greetingOf(record, '2025-11-25').head(waiting, 'new', 42)
    assert.deepEqual(
      fieldsOf(next),
      sorted(['mcp-protocol-version', '2025-11-25'], ['mcp-session-id', 'new']),
    )
  })

  test('is a POST whatever waits, such as a stream', () => {
    const stream = waitingHead('GET /mcp HTTP/1.1', 'Accept: text/event-stream', 'Last-Event-ID: 5')
    const head = greetingOf(record, undefined).head(stream, undefined, 2)
    assert.match(head, /^POST \/mcp HTTP\/1\.1\r\n/)
    assert.deepEqual(
      fieldsOf(head).filter(([name]) => /^(?:accept|last|content)/.test(name)),
      [
        ['accept', 'application/json, text/event-stream'],
        ['content-length', '2'],
        ['content-type', 'application/json'],
      ],
    )
  })

  test('has one content only, chunked or not', () => {
    const chunked = waitingHead(
      'POST /mcp HTTP/1.1',
      'Transfer-Encoding: chunked',
      'Trailer: x',
      'TE: trailers',
    )
    const fields = fieldsOf(greetingOf(record, undefined).head(chunked, undefined, 2)).map(([name]) => name)
    assert.deepEqual(
      fields.filter((name) => /^(?:te|trailer|transfer-encoding)$/.test(name)),
      [],
    )
    assert.equal(fields.filter((name) => name === 'content-length').length, 1)
  })
})

describe("the session's id by the first answer", () => {
  const json = (message: unknown) => Buffer.from(JSON.stringify(message))
  const agreed = json({ jsonrpc: '2.0', id: 'limpet-0', result: { protocolVersion: '2025-11-25' } })
  const stream = 'Content-Type: text/event-stream'
  const id = 'Mcp-Session-Id: new'
  for (const [what, expected, status, lines, content] of [
    ['is what it says', 'new', 200, [id], agreed],
    [
      'is what its stream says',
      'new',
      200,
      [id, stream],
      Buffer.from(`id: 1\ndata:\n\nevent: message\ndata: ${agreed}\n\n`),
    ],
    ['is what its stream says with CRLF', 'new', 200, [id, stream], Buffer.from(`data:${agreed}\r\n\r\n`)],
    ['is none in an error', undefined, 400, [id], agreed],
    ['is none where it gives none', undefined, 200, [], agreed],
    ['is none where the replica refuses', undefined, 200, [id], json({ id: 'limpet-0', error: { code: 1 } })],
    [
      'is none of a replica that speaks another revision',
      undefined,
      200,
      [id],
      json({ result: { protocolVersion: '2025-06-18' } }),
    ],
    ['is none of one that does not say which', undefined, 200, [id], json({ result: {} })],
    ['is none where nothing is said', undefined, 200, [id], Buffer.alloc(0)],
    ['is none where it is no JSON', undefined, 200, [id], Buffer.from('<html>')],
    ['is none where it is null', undefined, 200, [id], Buffer.from('null')],
    ['is none where the result is none', undefined, 200, [id], json({ result: null })],
    ['is none that could not be told again', undefined, 200, ['Mcp-Session-Id: a b'], agreed],
    ['is none that is empty', undefined, 200, ['Mcp-Session-Id:'], agreed],
    ['is none without end', undefined, 200, [`Mcp-Session-Id: ${'x'.repeat(1025)}`], agreed],
  ] as const) {
    test(what, () => {
      const { idIn } = greetingOf(record, '2025-11-25')
      assert.equal(idIn(responseOf(status, ...lines), content), expected)
    })
  }

  test('counts for any revision where the client does not say which it speaks', () => {
    const content = json({ result: { protocolVersion: '2025-06-18' } })
    assert.equal(greetingOf(record, undefined).idIn(responseOf(200, id), content), 'new')
  })
})
