import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that runs as a Redis or Valkey server when it is started under this name. */
export interface RedisProgram {
  readonly file: string
  /** It looks at the name it was started by: Debian's `redis-check-rdb` is the server under another name. */
  readonly argv0: string
}

const candidates: readonly RedisProgram[] = [
  { file: 'redis-server', argv0: 'redis-server' },
  { file: 'valkey-server', argv0: 'valkey-server' },
  { file: 'redis-check-rdb', argv0: 'redis-server' },
  { file: 'valkey-check-rdb', argv0: 'valkey-server' },
]

/** Debian's packages with the program and, unlike those named for the server, without a service that starts. */
const packages = ['redis-tools', 'valkey-tools']

/**
 * The Redis or Valkey server of this machine. Where there is none, it is installed with apt-get, if this process
 * may do that; rejects otherwise, with one line that says what is missing.
 */
export async function findRedis(): Promise<RedisProgram> {
  return (await onPath()) ?? (await installed()) ?? missing()
}

async function onPath(): Promise<RedisProgram | undefined> {
  for (const program of candidates) {
    // The shell, since execFile knows no argv0.
    const version = `exec -a ${program.argv0} ${program.file} --version`
    const answer = await run('bash', ['-c', version]).catch(() => undefined)
    if (answer !== undefined && /\bserver v=/i.test(answer.stdout)) return program
  }
}

async function installed(): Promise<RedisProgram | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of packages) {
    const install = `apt-get install -y -qq --no-install-recommends ${name}`
    // Test files run at once: the lock lets one install, and is free again however that one ends.
    const command = `${install} || { apt-get update -qq && ${install}; }`
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const lock = ['-w', '240', '/tmp/limpet-install-redis.lock', 'sh', '-c', command]
    const done = await run('flock', lock, { env, maxBuffer: 2 ** 24 }).catch(() => undefined)
    const program = done && (await onPath())
    if (program !== undefined) return program
  }
}

function missing(): never {
  throw new Error('These tests need redis-server or valkey-server on the PATH: apt-get install redis-server')
}
