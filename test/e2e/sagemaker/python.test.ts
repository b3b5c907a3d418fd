/** Sessions of SageMaker's runtime API by boto3, which is told nothing but the endpoint URL. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { startModelContainer } from '../../kit/model-container.ts'
import { startRouter } from '../../kit/router.ts'
import { pythonEnvironment } from '../python-environment.ts'
import { awsEnvironment, pythonScript } from './python-client.ts'

const run = promisify(execFile)
const environment = await pythonEnvironment()

/** A test that has a Python; where there is none, it says so in a line that can't be overlooked. */
function pythonTest(name: string, body: (python: string) => Promise<void>): void {
  test(name, async (t: TestContext) => {
    if (!('missing' in environment)) return body(environment.python)
    process.stderr.write(`SKIPPED: ${name}: ${environment.missing}\n`)
    t.skip(environment.missing)
  })
}

describe('a session by boto3', () => {
  pythonTest('is created, used and closed by the documented steps, word for word', async (python) => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using router = await startRouter({
      config: `services:\n  - { name: my-endpoint, dialect: sagemaker, replicas: ['${a.url}', '${b.url}'] }\n`,
    })
    const { stdout } = await run(python, [pythonScript('sagemaker_session.py')], {
      env: { ...process.env, ...awsEnvironment(router.url) },
    })
    const [created, used, closed] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.match(created.header, /^[0-9a-z-]+; Expires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(created.parameter, created.header)
    const home = a.seen.length > 0 ? a : b
    const session = home.seen[1]!.headers['x-amzn-sagemaker-session-id'] as string
    assert.ok(created.id.startsWith(`${session}-`), 'the id is the container’s with a suffix')
    assert.deepEqual(used, { replica: home.name, session, bytes: 36 })
    assert.deepEqual(closed, { closed: created.id })
    assert.deepEqual([a.seen.length + b.seen.length, home.seen.length], [3, 3])
    assert.deepEqual([a.sessions.size, b.sessions.size], [0, 0])
  })
})
