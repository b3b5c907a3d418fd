/** What hadolint, the linter of Dockerfiles, finds in ours: nothing. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { repositoryRoot } from '../e2e/demo-process.ts'
import { type PythonEnvironment, pythonEnvironment } from '../e2e/python-environment.ts'

let environment: PythonEnvironment

before(async () => {
  environment = await pythonEnvironment(join(import.meta.dirname, 'requirements.txt'))
})

/** What hadolint prints about a Dockerfile, or undefined where it can't be had; the test is then skipped. */
function lint(context: TestContext, text: string | undefined): string | undefined {
  if ('missing' in environment) {
    context.skip(`deploy/Dockerfile is not linted: ${environment.missing}`)
    return undefined
  }
  const { stdout, stderr, status } = spawnSync(
    join(dirname(environment.python), 'hadolint'),
    ['--failure-threshold', 'info', text === undefined ? 'deploy/Dockerfile' : '-'],
    { cwd: repositoryRoot, encoding: 'utf8', input: text ?? '' },
  )
  assert.ok(status === 0 || status === 1, stderr)
  return stdout
}

test('hadolint finds nothing in deploy/Dockerfile', (context) => {
  const findings = lint(context, undefined)
  if (findings !== undefined) assert.equal(findings, '')
})

test('hadolint finds an image without a version', (context) => {
  const findings = lint(context, 'FROM node\n')
  if (findings !== undefined) assert.match(findings, /DL3006/)
})
