import { type ExecFileException, execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from './demo-process.ts'

const run = promisify(execFile)

/** A Python with the packages that the tests need, or the reason why there is none here. */
export type PythonEnvironment = { readonly python: string } | { readonly missing: string }

/**
 * Makes a virtual environment with the packages of a requirements file below `node_modules/.cache`, or takes the one
 * that an earlier run has made for the same Python and the same requirements. Test files may ask for it at once.
 */
export async function pythonEnvironment(
  requirements = join(repositoryRoot, 'test/e2e/python/requirements.txt'),
): Promise<PythonEnvironment> {
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
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`
    const missing = await makeEnvironment(unfinished, requirements)
    // Under its name only when it is whole. One that another test file has made meanwhile is as good.
    const made = missing === undefined && (await isRenamed(unfinished, folder))
    if (!made) await rm(unfinished, { recursive: true, force: true })
    if (missing !== undefined) return { missing }
  }
  return { python: join(folder, 'bin/python') }
}

/** Returns why it can't be made, if it can't. */
async function makeEnvironment(folder: string, requirements: string): Promise<string | undefined> {
  await rm(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch (error) {
    return `python3 can't make a virtual environment (${lastLine(error)})`
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '-r', requirements]
  try {
    await run(join(folder, 'bin/python'), pip)
  } catch (error) {
    return `pip can't install the Python packages (${lastLine(error)})`
  }
  return undefined
}

/** False where another has taken the name. */
async function isRenamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (existsSync(to)) return false
    throw error
  }
}

function lastLine(error: unknown): string {
  const { stderr, stdout, message } = error as ExecFileException
  return (String(stderr ?? '').trim() || String(stdout ?? '').trim() || message).split('\n').at(-1) ?? ''
}
