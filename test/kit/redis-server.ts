import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { findRedis } from './find-redis.ts'
import { freePort } from './free-port.ts'
import { endProcess, startProcess, within } from './process.ts'

/** A Redis or Valkey server of a test's own. It keeps nothing on disk. */
export interface RedisServer extends AsyncDisposable {
  /** `redis://127.0.0.1:PORT`, with the password if it has one; `rediss:` where it speaks TLS. */
  readonly url: string
  readonly port: number
  /** Of the server that runs now. */
  readonly pid: number
  /** Ends it, by default as `kill -9` does. What it held is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Stops it if it runs, and starts it on the same port, empty. */
  restart(): Promise<void>
  /** It takes connections and bytes, and answers nothing until `resume`. */
  pause(): void
  resume(): void
  /** Has it carry out a command, and gives its answer as it stands on the wire. */
  call(...command: string[]): Promise<string>
}

export interface RedisOptions {
  readonly password?: string
  /** Paths of a certificate and its key: the server speaks TLS and nothing else. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** More arguments, as `--cluster-enabled yes`. */
  readonly args?: readonly string[]
  /** A config file, which Sentinels need and write to. */
  readonly config?: string
  /** By default a free one. */
  readonly port?: number
}

/** Starts a server on a free port of 127.0.0.1 and resolves when it takes connections. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { password, tls, args = [] } = options
  const program = await findRedis()
  const folder = await mkdtemp(join(tmpdir(), 'limpet-redis-'))
  const launch = async (port: number): Promise<ChildProcess> => {
    const isSentinel = args.includes('--sentinel')
    const settings = [
      ...(options.config === undefined ? [] : [options.config]),
      ...(tls === undefined ? ['--port', `${port}`] : ['--port', '0', '--tls-port', `${port}`]),
      ...(tls === undefined ? [] : ['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key]),
      ...(tls === undefined ? [] : ['--tls-auth-clients', 'no']),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...['--bind', '127.0.0.1', '--dir', folder, '--daemonize', 'no'],
      ...(isSentinel ? [] : ['--save', '', '--appendonly', 'no']),
      ...args,
    ]
    const child = startProcess(program.file, settings, {
      argv0: program.argv0,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await within(15_000, 'the Redis server starts', isReady(child)).catch(async (error: unknown) => {
      await endProcess(child)
      throw error
    })
    return child
  }
  let child: ChildProcess
  let port = options.port ?? (await freePort())
  try {
    // Another program may have taken the port meanwhile.
    child = await launch(port).catch(async (error: unknown) => {
      if (options.port !== undefined) throw error
      port = await freePort()
      return launch(port)
    })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://${credentials}127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid!
    },
    stop: (signal) => endProcess(child, signal),
    async restart() {
      await endProcess(child)
      child = await launch(port)
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    call: (...command) =>
      within(5000, command.join(' '), callRedis(port, password, command, tls !== undefined)),
    async [Symbol.asyncDispose]() {
      await endProcess(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function isReady(child: ChildProcess): Promise<void> {
  let said = ''
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4000)
        if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
      })
    }
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The Redis server ended at its start: ${said.trim().split('\n').at(-1)}`)
  })
  await Promise.race([ready, ended])
}

/** One command on a connection of its own. QUIT ends that, so the answer is all that comes. */
async function callRedis(port: number, password: string | undefined, command: string[], tls: boolean) {
  const login = password === undefined ? [] : [['AUTH', password]]
  const commands = [...login, command, ['QUIT']]
  const bytes = commands.map((words) => `*${words.length}\r\n${words.map(bulk).join('')}`).join('')
  const host = '127.0.0.1'
  const socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connect(port, host)
  socket.setEncoding('utf8').end(bytes)
  let answers = ''
  for await (const text of socket) answers += text
  return answers.slice(password === undefined ? 0 : '+OK\r\n'.length, -'+OK\r\n'.length)
}

function bulk(word: string): string {
  return `$${Buffer.byteLength(word)}\r\n${word}\r\n`
}
