/**
 * What a drain does to many open WebSockets: 5,000 through one router, a third of them at each of three replicas, one
 * of which drains. Each client that is told to leave comes back at once. Prints the memory of a tunnel, when the
 * clients were told, where they went, and what became of the others. Run:
 * `node bench/drain.ts [--sockets N] [--seconds S]`. Exits with 1 where a socket was touched that should not be.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { launchReplicas } from './launch.ts'
import { divideCores, pinSelf } from './measure/cores.ts'
import { waitForPort } from './measure/pinned-process.ts'
import { readMemory } from './measure/proc-memory.ts'
import { freePorts, openStage } from './measure/stage.ts'
import { streamReplicas } from './replicas/stream-replicas.ts'

const bin = fileURLToPath(new URL('../packages/limpet/bin/limpet.js', import.meta.url))
const { values } = parseArgs({
  options: { sockets: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '20' } },
})
const count = Number(values.sockets)
const drainMs = Number(values.seconds) * 1000
const cores = divideCores()
pinSelf(cores.load)
const stage = openStage()
const names = ['a', 'b', 'c'] as const

/** A client that comes back whenever its socket ends, and what it saw. */
interface Client {
  socket: WebSocket
  readonly ends: { readonly code: number; readonly reason: string; readonly atMs: number }[]
  stopped: boolean
}

function openSocket(port: number, session: number): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { 'x-session': `s-${session}` } })
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

async function openClient(port: number, session: number): Promise<Client> {
  const client: Client = { socket: await openSocket(port, session), ends: [], stopped: false }
  const watch = (): void => {
    client.socket.on('error', () => undefined)
    client.socket.on('close', async (code, reason) => {
      if (client.stopped) return
      client.ends.push({ code, reason: String(reason), atMs: performance.now() })
      client.socket = await openSocket(port, session)
      watch()
    })
  }
  watch()
  return client
}

try {
  const replicaPorts = await launchReplicas(stage, streamReplicas, names.length, cores.load)
  const [port = 0, adminPort = 0] = await freePorts(2)
  const folder = stage.folder('limpet')
  const path = join(folder, 'limpet.yaml')
  const configure = (draining: string): void => {
    const replicas = names.map(
      (name, at) =>
        `{ url: "http://127.0.0.1:${replicaPorts[at]}", name: ${name}, drain: ${name === draining} }`,
    )
    writeFileSync(
      path,
      `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:${adminPort}\nworkers: 1\nservices: [{ name: app, session: 'header:x-session', drainTimeout: ${drainMs}ms, replicas: [${replicas.join(', ')}] }]\n`,
    )
  }
  configure('')
  const command = [process.execPath, bin, 'serve', path]
  const router = stage.start({
    cores: cores.proxy,
    command,
    folder,
    environment: { XDG_STATE_HOME: folder },
  })
  await waitForPort(router, port)
  const tunnelsAt = async (): Promise<number[]> => {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
    return names.map((name) =>
      Number(new RegExp(`^limpet_tunnels\\{.*replica="${name}"\\} (\\d+)`, 'm').exec(text)?.[1]),
    )
  }

  // A hundred that come and go fill what any use would fill.
  const first = await Promise.all(Array.from({ length: 100 }, (_, session) => openSocket(port, session)))
  for (const socket of first) socket.terminate()
  await sleep(1000)
  const before = readMemory(router.pid).residentBytes
  const clients: Client[] = []
  for (let from = 0; from < count; from += 50)
    clients.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(50, count - from) }, (_, at) => openClient(port, from + at)),
      )),
    )
  await sleep(2000)
  const after = readMemory(router.pid).residentBytes
  const held = await tunnelsAt()
  console.log(`${cpus()[0]?.model}; ${count} WebSockets, one worker on one core`)
  console.log(`memory  ${((after - before) / 1000 / count).toFixed(1)} KB a tunnel`)
  console.log(`before  a ${held[0]}, b ${held[1]}, c ${held[2]}`)

  const startedMs = performance.now()
  configure('a')
  await sleep(drainMs + 2500)
  const left = clients.filter(({ ends }) => ends.length > 0)
  const told = left.filter(
    ({ ends }) => ends.length === 1 && ends[0]!.code === 1012 && ends[0]!.reason === 'drained',
  )
  const timesMs = told.map(({ ends }) => ends[0]!.atMs - startedMs).sort((a, b) => a - b)
  const perSecond = Array.from(
    { length: Math.ceil(drainMs / 1000) + 1 },
    (_, second) => timesMs.filter((ms) => Math.floor(ms / 1000) === second).length,
  )
  const now = await tunnelsAt()
  console.log(
    `told    ${told.length} with 1012, from ${(timesMs[0]! / 1000).toFixed(1)} s to ${(timesMs.at(-1)! / 1000).toFixed(1)} s after the drain began`,
  )
  console.log(`        in each second: ${perSecond.join(' ')}`)
  console.log(`after   a ${now[0]}, b ${now[1]}, c ${now[2]}`)
  const others = left.length - told.length
  console.log(`others  ${count - left.length} untouched, ${others} closed in another way`)
  if (told.length !== held[0] || others > 0 || now[0] !== 0) process.exitCode = 1
  for (const client of clients) {
    client.stopped = true
    client.socket.terminate()
  }
} finally {
  await stage.close()
}
