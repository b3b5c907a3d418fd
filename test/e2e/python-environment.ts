import { type ExecFileException, execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from './demo-process.ts'

const run = promisify(execFile)

/** A Python with the packages that the tests need, or the reason why there is none here. */
export type PythonEnvironment = { readonly python: string } | { readonly missing: string }

/**
 * Makes a virtual environment with `python/requirements.txt` below `node_modules/.cache`, or takes the one that an
 * earlier run has made for the same Python and the same requirements.
 */
export async function pythonEnvironment(): Promise<PythonEnvironment> {
  const requirements = join(repositoryRoot, 'test/e2e/python/requirements.txt')
  const version = await run('python3', ['--version']).catch(() => undefined)
  if (!version) return { missing: 'there is no python3 on this machine' }
  const key = createHash('sha256')
    .update(version.stdout)
    .update(await readFile(requirements))
  const folder = join(
    repositoryRoot,
    'node_modules/.cache',
    `limpet-python-${key.digest('hex').slice(0, 16)}`,
  )
  const complete = join(folder, 'complete')
  const python = join(folder, 'bin/python')
  if (existsSync(complete)) return { python }
  // What is there without the mark is left from a run that was interrupted.
  await rm(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch (error) {
    return { missing: `python3 can't make a virtual environment (${lastLine(error)})` }
  }
  try {
    await run(python, ['-m', 'pip', 'install', '--quiet', '--retries', '1', '-r', requirements])
  } catch (error) {
    return { missing: `pip can't install boto3, openai and requests (${lastLine(error)})` }
  }
  await writeFile(complete, '')
  return { python }
}

function lastLine(error: unknown): string {
  const { stderr, stdout, message } = error as ExecFileException
  return (String(stderr ?? '').trim() || String(stdout ?? '').trim() || message).split('\n').at(-1) ?? ''
}
