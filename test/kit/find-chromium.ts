import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

const programs = ['chromium', 'chromium-browser', 'google-chrome']

/**
 * The path of a Chromium of this machine. Where there is none, Debian's is installed with apt-get, if this process may
 * do that; rejects otherwise, with one line that says what is missing.
 */
export async function findChromium(): Promise<string> {
  return (await onPath()) ?? (await installed()) ?? missing()
}

async function onPath(): Promise<string | undefined> {
  for (const program of programs) {
    const found = await run('sh', ['-c', `command -v ${program}`]).catch(() => undefined)
    if (found !== undefined) return found.stdout.trim()
  }
}

async function installed(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const install = 'apt-get install -y -qq --no-install-recommends chromium'
  // Test files run at once: the lock lets one install, and is free again however that one ends.
  const command = `${install} || { apt-get update -qq && ${install}; }`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const lock = ['-w', '240', '/tmp/limpet-install-chromium.lock', 'sh', '-c', command]
  await run('flock', lock, { env, maxBuffer: 2 ** 24 }).catch(() => undefined)
  return onPath()
}

function missing(): never {
  throw new Error('These tests need chromium or google-chrome on the PATH: apt-get install chromium')
}
