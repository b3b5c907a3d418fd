import { parseArgs } from 'node:util'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { LimpetError } from '../errors.ts'

export const checkHelp = `Usage: limpet check CONFIG

Reads a config file as limpet serve would, without serving it. Exits with 0 when it can be used; otherwise
with 1, and one line file:line:column: message for each fault on standard error.

Example:
  limpet check limpet.yaml
`

/** Where a command writes; `process` in the command itself. */
export interface Streams {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** `limpet check`: resolves to its exit code, 2 when the arguments are wrong. */
export async function check(argv: readonly string[], streams: Streams = process): Promise<number> {
  const { stdout, stderr } = streams
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  if (values.help !== undefined) {
    stdout.write(checkHelp)
    return 0
  }
  const unknown = tokens.find((token) => token.kind === 'option')
  const [path] = positionals
  if (unknown !== undefined || path === undefined || positionals.length > 1) {
    const why = unknown === undefined ? 'needs one config file' : `has no option ${unknown.rawName}`
    stderr.write(`limpet check ${why}; see limpet check --help\n`)
    return 2
  }
  try {
    stdout.write(`${path}: ${summary(await loadConfig(path))}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof LimpetError)) throw error
    stderr.write(`${error.message}\n`)
    return 1
  }
}

function summary({ services }: Config): string {
  const found = services.map(({ name, replicas }) => `${name} (${counted(replicas.length, 'replica')})`)
  return `${counted(services.length, 'service')}: ${found.join(', ')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
