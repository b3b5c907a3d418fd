import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/**
 * The path of Autobahn's `wstest`, installed below `node_modules/.cache` for `python2`, the path of a Python 2.7:
 * the suite runs on no other, and the last virtualenv that makes environments for it is 20.21.1, which a
 * Python 3.7 to 3.11 must run. Rejects with what pip says when something can't be had.
 */
export async function installAutobahn(python2: string, python3: string): Promise<string> {
  const folder = join(cache, 'limpet-autobahn-0.8.2')
  const wstest = join(folder, 'python2/bin/wstest')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return wstest
  await rm(folder, { recursive: true, force: true })
  const tools = join(folder, 'python3')
  await run(python3, ['-m', 'venv', tools])
  await run(join(tools, 'bin/pip'), ['install', '--quiet', 'virtualenv==20.21.1'])
  await run(join(tools, 'bin/virtualenv'), ['--quiet', '--python', python2, join(folder, 'python2')])
  await run(join(folder, 'python2/bin/pip'), ['install', '--quiet', 'autobahntestsuite==0.8.2'])
  await writeFile(complete, '')
  return wstest
}
