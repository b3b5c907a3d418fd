/** The three ways to call a sticky service that people copy from documentation: curl, requests, the OpenAI SDK. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { type RunningDemo, repositoryRoot, startDemo, stopDemo } from './demo-process.ts'
import { type PythonEnvironment, pythonEnvironment } from './python-environment.ts'

const run = promisify(execFile)

interface Answer {
  readonly x_demo_replica: string
  readonly choices: { readonly message: { readonly content: string } }[]
}

let demo: RunningDemo
let environment: PythonEnvironment
let hasCurl: boolean

before(async () => {
  environment = await pythonEnvironment()
  hasCurl = await run('curl', ['--version']).then(
    () => true,
    () => false,
  )
  demo = await startDemo()
})
after(() => stopDemo(demo))

/** Skips a test for a reason that can't be overlooked. */
function skip(t: TestContext, reason: string): void {
  process.stderr.write(`SKIPPED: ${t.name}: ${reason}\n`)
  t.skip(reason)
}

/** Runs a Python client and returns the JSON documents it prints, one a line. */
async function runPython(python: string, script: string, session: string): Promise<unknown[]> {
  const { stdout } = await run(python, [join(repositoryRoot, 'test/e2e/python', script), demo.url, session])
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function runCurl(session: string): Promise<Answer> {
  const { stdout } = await run('curl', [
    ...['-sS', '--fail', '-X', 'POST', `${demo.url}/v1/chat/completions`],
    ...['-H', 'Content-Type: application/json'],
    ...['-H', `x-truefoundry-sticky-session-id: ${session}`],
    ...['-d', '{"messages": [{"role": "user", "content": "Hi"}]}'],
  ])
  return JSON.parse(stdout)
}

/** Asserts that one replica gave all answers, as turns 1, 2, 3 and so on of one conversation. */
function assertOneConversation(answers: readonly Answer[]): void {
  const replica = answers[0]?.x_demo_replica
  assert.ok(replica)
  assert.deepEqual(
    answers.map((answer) => answer.choices[0]?.message.content),
    answers.map((_, i) => `I am ${replica}, an echo model (turn ${i + 1} with me). You said: Hi`),
  )
}

test('curl with the session header stays with one replica', async (t) => {
  if (!hasCurl) return skip(t, 'there is no curl on this machine')
  assertOneConversation([await runCurl('by-curl'), await runCurl('by-curl'), await runCurl('by-curl')])
})

test("Python's requests with the session header stays with one replica", async (t) => {
  if ('missing' in environment) return skip(t, environment.missing)
  const answers = []
  for (let turn = 1; turn <= 3; turn++) {
    answers.push(...(await runPython(environment.python, 'with_requests.py', 'by-requests')))
  }
  assertOneConversation(answers as Answer[])
})

test("OpenAI's Python SDK with default_headers stays with one replica, streaming and not", async (t) => {
  if ('missing' in environment) return skip(t, environment.missing)
  const answers = []
  for (let i = 0; i < 2; i++) {
    const [whole, streamed, models] = await runPython(environment.python, 'with_openai.py', 'by-openai')
    answers.push(whole, streamed)
    assert.deepEqual(models, ['echo'])
  }
  assertOneConversation(answers as Answer[])
})

test('clients of different kinds that share a session id share its replica', async (t) => {
  if (!hasCurl) return skip(t, 'there is no curl on this machine')
  if ('missing' in environment) return skip(t, environment.missing)
  for (const session of ['shared-1', 'shared-2', 'shared-3']) {
    const [byRequests] = await runPython(environment.python, 'with_requests.py', session)
    const [byOpenai, streamed] = await runPython(environment.python, 'with_openai.py', session)
    assertOneConversation([byRequests, byOpenai, streamed, await runCurl(session)] as Answer[])
  }
})
