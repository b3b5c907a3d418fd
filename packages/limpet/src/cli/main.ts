import { readFileSync } from 'node:fs'
import { check } from './check.ts'
import { serve } from './serve.ts'
import { sessions } from './sessions.ts'
import { workers } from './workers.ts'

const help = `Limpet: a sticky-session router. It brings every request of a session home to the replica that holds its state.

Usage: limpet COMMAND [options]

Commands:
  serve [CONFIG]   route requests; "limpet serve --help" has the options and examples
  check CONFIG     say whether a config file can be used
  workers -- CMD   run several processes of a program, and bring each session home to its own
  sessions ACTION  list, show or close the sessions of a running router

Options:
  --version        print the version
  --help           print this
`

const commands: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  serve,
  check,
  sessions,
  workers,
}

/** Runs the command line and resolves to the exit code: 0, 1 where it failed, 2 for a wrong use. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help)
    return name === undefined ? 2 : 0
  }
  const command = commands[name]
  if (command !== undefined) return command(rest)
  process.stderr.write(`limpet: there is no command ${name}; see "limpet --help"\n`)
  return 2
}

/** The package's version: its package.json is two folders up in a clone, one in what is published. */
function version(): string {
  const place = import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json'
  return JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')).version
}
