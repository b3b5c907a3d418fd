/** Runs the example: four media containers and the `limpet` command in front of them, until Ctrl-C. */
import { parseArgs } from 'node:util'
import { containerNames, type MediaChatOptions, startMediaChat } from './media-chat.ts'
import { banner, usage } from './texts.ts'

try {
  await run(readOptions())
} catch (error) {
  say(error instanceof Error ? error.message : String(error), process.stderr)
  process.exitCode = 1
}

async function run(options: MediaChatOptions): Promise<void> {
  const stopAsked = stopSignal()
  await using chat = await startMediaChat({ ...options, say })
  say(banner(chat))
  const routerEnded = chat.routerEnded.then(() => 'routerEnded' as const)
  if ((await Promise.race([stopAsked, routerEnded])) === 'routerEnded')
    throw new Error('The router has ended.')
}

/** Resolves at the first signal to stop. A second one ends this process, which takes the others with it. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (asked) process.exit(1)
        asked = true
        resolve(name)
      })
    }
  })
}

function readOptions(): MediaChatOptions {
  const { values } = parseArgs({
    options: {
      listen: { type: 'string', default: '127.0.0.1:8080' },
      admin: { type: 'string', default: '127.0.0.1:8081' },
      containers: { type: 'string', default: '4' },
      folder: { type: 'string' },
      'on-lost': { type: 'string', default: 'rehome' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    say(usage)
    process.exit(0)
  }
  const { listen, admin, folder, 'on-lost': onLost } = values
  const containers = Number(values.containers)
  if (!(Number.isInteger(containers) && containers >= 1 && containers <= containerNames.length)) {
    throw new Error(
      `--containers takes a number from 1 to ${containerNames.length}, not "${values.containers}".`,
    )
  }
  if (onLost !== 'rehome' && onLost !== 'reject') {
    throw new Error(`--on-lost takes rehome or reject, not "${onLost}".`)
  }
  return { listen, admin, containers, folder, onLost }
}

function say(line: string, stream: NodeJS.WritableStream = process.stdout): void {
  stream.write(`${line}\n`)
}
