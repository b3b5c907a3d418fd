/** The container side of SageMaker's stateful sessions, with the AWS library's texts and statuses. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { closeBody, idIn, newSessionBody, sessionId, startContainer } from './container.fixture.ts'

const unknown = '00000000-0000-4000-8000-000000000000'

test('NEW_SESSION creates a session that ends in 20 minutes, in whole seconds', async () => {
  await using server = await startContainer()
  const startedMs = Date.now()
  const { status, text, headers } = await server.post(newSessionBody)
  const id = idIn(headers)
  assert.deepEqual([status, text], [200, `Session ${id} created`])
  const value = headers.get('X-Amzn-SageMaker-New-Session-Id') ?? ''
  assert.match(value, /^[0-9a-f-]{36}; Expires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const lifeMs = Date.parse(value.split('Expires=')[1]!) - startedMs
  assert.ok(lifeMs >= 1_200_000 && lifeMs < 1_205_000, `${lifeMs}`)
})

test('CLOSE ends the session of the header, once', async () => {
  await using server = await startContainer()
  const id = await server.begin()
  const first = await server.post(closeBody, { [sessionId]: id })
  assert.deepEqual([first.status, first.text], [200, `Session ${id} closed`])
  assert.equal(first.headers.get('X-Amzn-SageMaker-Closed-Session-Id'), id)
  const again = await server.post(closeBody, { [sessionId]: id })
  assert.deepEqual([again.status, again.text], [400, `Bad request: session not found: ${id}`])
  assert.equal(again.headers.get('X-Amzn-SageMaker-Closed-Session-Id'), null)
})

const refusals: readonly (readonly [
  what: string,
  body: string,
  header: string | undefined,
  number,
  string,
])[] = [
  [
    'NEW_SESSION with a stale header',
    newSessionBody,
    unknown,
    400,
    `Bad request: session not found: ${unknown}`,
  ],
  ['CLOSE of an unknown session', closeBody, unknown, 400, `Bad request: session not found: ${unknown}`],
  [
    'an inference of an unknown session',
    '{"q":1}',
    unknown,
    400,
    `Bad request: session not found: ${unknown}`,
  ],
  ['a path for an id', '{"q":1}', '../../etc', 400, 'Bad request: session not found: ../../etc'],
  [
    'CLOSE without the header',
    closeBody,
    undefined,
    424,
    'Failed to close session: the request names no session',
  ],
  [
    'NEW_SESSION with more fields',
    '{"requestType":"NEW_SESSION","more":1}',
    undefined,
    400,
    'Bad request: a NEW_SESSION request has no field but requestType',
  ],
]
for (const [what, body, header, status, message] of refusals) {
  test(`${what} is refused with ${status}`, async () => {
    await using server = await startContainer()
    const answer = await server.post(body, header === undefined ? {} : { [sessionId]: header })
    assert.deepEqual([answer.status, answer.text], [status, message])
    assert.match(answer.headers.get('limpet-error') ?? '', /^LIMPET_REPLICA_/)
    assert.equal(answer.headers.get('X-Amzn-SageMaker-New-Session-Id'), null)
  })
}

for (const [what, body, headers] of [
  ['NEW_SESSION', newSessionBody, {}],
  ['CLOSE', closeBody, {}],
  ['a session header', '{"q":1}', { [sessionId]: unknown }],
] as const) {
  test(`${what} is refused where sessions are switched off`, async () => {
    await using server = await startContainer({ settings: { enabled: false } })
    const answer = await server.post(body, headers)
    assert.deepEqual([answer.status, answer.text], [400, 'Invalid payload. stateful sessions not enabled'])
  })
}

test('requests without a session are answered where sessions are switched off', async () => {
  await using server = await startContainer({ settings: { enabled: false } })
  assert.equal((await server.post('{"q":1}')).text, 'answered')
})

for (const [what, body, type] of [
  ['JSON', '{"requestType":"PREDICT"}', 'application/json'],
  ['JSON that only speaks of it', '[{"requestType":"NEW_SESSION"}]', 'application/json'],
  ['broken JSON', '{"requestType":', 'application/json'],
  ['a session request of another type', newSessionBody, 'text/csv'],
  ['nothing', '', 'application/json'],
  ['long JSON', JSON.stringify({ requestType: 'CLOSE', text: 'x'.repeat(5000) }), 'application/json'],
] as const) {
  test(`${what} reaches the handler untouched`, async () => {
    await using server = await startContainer({
      handler: async (request, response) => response.end(`got ${await text(request)}`),
    })
    const answer = await server.post(body, { 'content-type': type })
    assert.equal(answer.text, `got ${body}`)
    const chunked = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit)
    assert.equal(await chunked.text(), `got ${body}`)
  })
}

test('a chunked NEW_SESSION without a type is one, too', async () => {
  await using server = await startContainer()
  const answer = await fetch(`${server.url}/invocations`, {
    method: 'POST',
    body: new Blob([newSessionBody]).stream(),
    duplex: 'half',
  } as RequestInit)
  assert.match(await answer.text(), /^Session [0-9a-f-]{36} created$/)
})

test('an id that is no UUID of version 4 never reaches the store', async () => {
  await using server = await startContainer()
  for (const id of [randomUUID().toUpperCase(), 'a', '.', 'x'.repeat(300)]) {
    assert.equal((await server.post('{}', { [sessionId]: id })).status, 400)
  }
})
