/** The `openai` package for Node.js as a client of the demo. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'
import { type RunningDemo, startDemo, stopDemo } from './demo-process.ts'

let demo: RunningDemo

before(async () => {
  demo = await startDemo()
})
after(() => stopDemo(demo))

/** A client as a user sets it up; with a session, every request carries the header. */
function client(session?: string): OpenAI {
  return new OpenAI({
    baseURL: `${demo.url}/v1`,
    apiKey: 'unused',
    maxRetries: 0,
    ...(session === undefined ? {} : { defaultHeaders: { 'x-truefoundry-sticky-session-id': session } }),
  })
}

const question = { model: 'echo', messages: [{ role: 'user' as const, content: 'Hi' }] }

/** Asks `count` questions, one after the other, and returns which replicas answered. */
async function replicasOf(openai: OpenAI, count: number): Promise<(string | null)[]> {
  const names = []
  for (let i = 0; i < count; i++) {
    const { response } = await openai.chat.completions.create(question).withResponse()
    names.push(response.headers.get('x-demo-replica'))
  }
  return names
}

test('models.list names the echo model', async () => {
  const ids = []
  for await (const model of client().models.list()) ids.push(model.id)
  assert.deepEqual(ids, ['echo'])
})

test('a chat completion comes through whole', async () => {
  const answer = await client('whole').chat.completions.create(question)
  assert.match(answer.choices[0]?.message.content ?? '', /an echo model \(turn 1 with me\)\. You said: Hi$/)
  assert.equal(answer.choices[0]?.finish_reason, 'stop')
  assert.equal(answer.usage?.prompt_tokens, 1)
})

test('a streamed chat completion comes through word by word, on the replica of its session', async () => {
  const openai = client('streamed')
  const { data, response } = await openai.chat.completions
    .create({ ...question, stream: true, stream_options: { include_usage: true } })
    .withResponse()
  const arrivals = []
  let text = ''
  let usage: OpenAI.CompletionUsage | null | undefined
  for await (const chunk of data) {
    arrivals.push(performance.now())
    text += chunk.choices[0]?.delta.content ?? ''
    usage = chunk.usage
  }
  assert.match(text, /turn 1 with me\)\. You said: Hi$/)
  assert.ok((usage?.completion_tokens ?? 0) > 5)
  // The replica pauses before each word: an answer that was held back would arrive all at once.
  assert.ok((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0) > 200)
  assert.deepEqual(await replicasOf(openai, 1), [response.headers.get('x-demo-replica')])
})

test('20 requests of a session are all answered by one replica', async () => {
  const names = await replicasOf(client('twenty'), 20)
  assert.ok(names[0])
  assert.equal(new Set(names).size, 1, names.join(' '))
})

test('sessions are spread over the replicas, and so are requests without one', async () => {
  const perSession = await Promise.all(Array.from({ length: 24 }, (_, i) => replicasOf(client(`s${i}`), 1)))
  assert.ok(new Set(perSession.flat()).size > 1)
  const without = await replicasOf(client(), 20)
  assert.ok(new Set(without).size > 1, without.join(' '))
})

test("a replica's refusal reaches the SDK as OpenAI's error", async () => {
  await assert.rejects(
    client().chat.completions.create({ model: 'echo', messages: [] }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'messages',
  )
})
