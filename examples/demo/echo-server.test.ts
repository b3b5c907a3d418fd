import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { createEchoServer, type EchoServer } from './echo-server.ts'

let echo: EchoServer
let base: string

beforeEach(async () => {
  echo = createEchoServer({
    name: 'otter',
    delayMs: 1,
    sessionHeader: 'x-session',
    maxBodyBytes: 1000,
    maxSessions: 100,
  })
  echo.server.listen(0, '127.0.0.1')
  await once(echo.server, 'listening')
  base = `http://127.0.0.1:${(echo.server.address() as AddressInfo).port}`
})
afterEach(() => echo.stop(0))

function chat(body: unknown, session?: string): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (session !== undefined) headers['x-session'] = session
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(`${base}/v1/chat/completions`, { method: 'POST', headers, body: text })
}

/** The parts of the server's answers that the tests look at. */
interface Answer {
  id: string
  created: number
  choices: { message: { content: string }; finish_reason: string }[]
  error: { message: string }
  x_demo_replica: string
  data: { id: string; object: string }[]
  object: string
  [field: string]: unknown
}

async function answerOf(response: Response | Promise<Response>): Promise<Answer> {
  return (await (await response).json()) as Answer
}

const hi = [{ role: 'user', content: 'Hi there' }]

test('an answer is a chat completion that echoes and says which replica it is', async () => {
  const response = await chat({ messages: hi })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('x-demo-replica'), 'otter')
  const { id, created, ...rest } = await answerOf(response)
  assert.match(id, /^chatcmpl-/)
  assert.ok(Number.isInteger(created))
  assert.deepEqual(rest, {
    object: 'chat.completion',
    model: 'echo',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'I am otter, an echo model (no session). You said: Hi there',
          refusal: null,
        },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 2, completion_tokens: 12, total_tokens: 14 },
    x_demo_replica: 'otter',
  })
})

test('a session hears which turn this is, and /whoami remembers it', async () => {
  const turns = []
  for (const session of ['a', 'a', 'b']) {
    const body = await answerOf(chat({ messages: hi }, session))
    turns.push(/turn \d+ with me/.exec(body.choices[0]?.message.content ?? '')?.[0])
  }
  assert.deepEqual(turns, ['turn 1 with me', 'turn 2 with me', 'turn 1 with me'])
  const known = await answerOf(fetch(`${base}/whoami?now`, { headers: { 'x-session': 'a' } }))
  assert.deepEqual([known.replica, known.session, known.turns], ['otter', 'a', 2])
  assert.equal(known.pid, process.pid)
})

test('a streamed answer is one chunk a word, then the finish reason, the usage and [DONE]', async () => {
  const response = await chat({ messages: hi, stream: true, stream_options: { include_usage: true } }, 'a')
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const events = (await response.text()).split('\n\n')
  assert.deepEqual(events.slice(-2), ['data: [DONE]', ''])
  const chunks = events.slice(0, -2).map((event) => JSON.parse(event.replace(/^data: /, '')))
  assert.ok(chunks.every((chunk) => chunk.object === 'chat.completion.chunk' && chunk.id === chunks[0].id))
  assert.ok(chunks.every((chunk) => chunk.x_demo_replica === 'otter'))
  const [first, ...others] = chunks
  const [finish, usage] = others.splice(-2)
  assert.deepEqual(first.choices[0].delta, { role: 'assistant', content: '', refusal: null })
  assert.deepEqual(
    others.map((chunk) => chunk.choices[0].delta.content),
    'I| am| otter,| an| echo| model| (turn| 1| with| me).| You| said:| Hi| there'.split('|'),
  )
  assert.ok(others.every((chunk) => chunk.usage === null && chunk.choices[0].finish_reason === null))
  assert.deepEqual([finish.choices[0].delta, finish.choices[0].finish_reason], [{}, 'stop'])
  assert.deepEqual(usage.choices, [])
  assert.deepEqual(usage.usage, { prompt_tokens: 2, completion_tokens: 14, total_tokens: 16 })
})

test('usage is not streamed unless it is asked for', async () => {
  const text = await (await chat({ messages: hi, stream: true })).text()
  assert.doesNotMatch(text, /usage/)
})

test('max_tokens ends an answer early and says so', async () => {
  const body = await answerOf(chat({ messages: hi, max_tokens: 2 }))
  assert.equal(body.choices[0]?.message.content, 'I am')
  assert.equal(body.choices[0]?.finish_reason, 'length')
})

test('content may be text parts or null, and the last message of the user is echoed', async () => {
  const messages = [
    { role: 'user', content: [{ type: 'text', text: 'parts' }, { type: 'image_url' }] },
    { role: 'assistant', content: null },
  ]
  const body = await answerOf(chat({ messages }))
  assert.match(body.choices[0]?.message.content ?? '', /You said: parts$/)
})

const refused: [what: string, body: unknown, status: number, param: string | null][] = [
  ['a body that is not JSON', '{"messages": [', 400, null],
  ['a body that is not an object', '[]', 400, null],
  ['no messages', {}, 400, 'messages'],
  ['an empty list of messages', { messages: [] }, 400, 'messages'],
  ['a message without a role', { messages: [hi[0], { content: 'x' }] }, 400, 'messages[1]'],
  ['a senseless max_tokens', { messages: hi, max_tokens: 0 }, 400, 'max_tokens'],
  ['a body over the bound', { messages: hi, pad: 'x'.repeat(1000) }, 413, null],
]
for (const [what, body, status, param] of refused) {
  test(`${what} is refused with ${status} in OpenAI's error shape`, async () => {
    const response = await chat(body)
    assert.equal(response.status, status)
    assert.equal(response.headers.get('x-demo-replica'), 'otter')
    const { error, x_demo_replica } = await answerOf(response)
    assert.equal(x_demo_replica, 'otter')
    assert.deepEqual(
      { ...error, message: '' },
      { message: '', type: 'invalid_request_error', param, code: null },
    )
    assert.ok(error.message.length > 0)
  })
}

test('an unknown path is 404 and a wrong method 405 with Allow', async () => {
  const unknown = await fetch(`${base}/v1/nothing`)
  assert.equal(unknown.status, 404)
  assert.match((await answerOf(unknown)).error.message, /GET \/v1\/nothing/)
  const wrong = await fetch(`${base}/v1/chat/completions`)
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST'])
  await wrong.body?.cancel()
})

test('models lists the echo model, healthz is ok, and health checks are not counted as requests', async () => {
  const models = await answerOf(fetch(`${base}/v1/models`))
  assert.deepEqual([models.object, models.data[0]?.id, models.data[0]?.object], ['list', 'echo', 'model'])
  assert.equal((await answerOf(fetch(`${base}/healthz`))).status, 'ok')
  assert.equal((await answerOf(fetch(`${base}/whoami`))).requests_served, 2)
})

test('stopping lets a streamed answer finish, takes nothing new and then closes at once', async () => {
  const response = await chat({ messages: hi, stream: true })
  const stopped = echo.stop(10_000)
  const startedAt = performance.now()
  assert.match(await response.text(), /\[DONE\]/)
  await stopped
  assert.ok(performance.now() - startedAt < 3000)
  await assert.rejects(chat({ messages: hi }))
})

test('a client that leaves in the middle of a streamed answer does no harm', async () => {
  const leave = new AbortController()
  const response = await fetch(`${base}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ role: 'user', content: 'x '.repeat(400) }], stream: true }),
    signal: leave.signal,
  })
  const closed = new Promise((resolve) => echo.server.once('request', (_, res) => res.once('close', resolve)))
  leave.abort()
  await assert.rejects(response.text())
  assert.equal((await fetch(`${base}/whoami`)).status, 200)
  await closed
})
