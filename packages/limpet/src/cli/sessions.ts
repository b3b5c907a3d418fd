import type { SessionEntry } from '../admin/sessions-view.ts'
import { LimpetError } from '../errors.ts'
import { createAdminClient } from './admin-client.ts'
import type { Streams } from './check.ts'
import { parseSessionsFlags, type SessionsFlags } from './sessions-flags.ts'
import { sessionLines, sessionsTable } from './sessions-table.ts'

export const sessionsHelp = `Usage: limpet sessions list [options]
       limpet sessions show ID|HASH [options]
       limpet sessions close ID|HASH [options]

Shows and ends the sessions that a running router knows. ID is what the client sends; HASH is what list prints,
all 32 digits of it. The router needs an admin listener: limpet serve --admin.

Sessions to list:
  --service NAME        of this service
  --replica NAME        that live on this replica
  --idle DURATION       without a request for so long, such as 20m
  --limit N             how many at most, 1 to 1000 (default 100)

For show and close:
  --service NAME        the service of ID; needed where there are several

For all:
  --admin HOST:PORT     the router's admin listener (default 127.0.0.1:8081)
  --json                print JSON
  --help                print this

LIMPET_ADMIN_TOKEN in the environment is sent to the router; a router that was started with one needs the same.
Exits with 0, with 1 when the router has no such session or can't be asked, and with 2 for wrong arguments.

Examples:
  limpet sessions list --replica gpu-3 --idle 10m
  limpet sessions show conversation-17 --service chat
  limpet sessions close 5f2b1c0de4a90b7766d1f0a2c3e4b596
`

/** `limpet sessions`: resolves to its exit code, 2 when the arguments are wrong. */
export async function sessions(
  argv: readonly string[],
  streams: Streams = process,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const { stdout, stderr } = streams
  const flags = parseSessionsFlags(argv)
  if (flags.kind === 'help') {
    stdout.write(sessionsHelp)
    return 0
  }
  if (flags.kind === 'fault') {
    stderr.write(`limpet sessions ${flags.fault}\n`)
    return 2
  }
  try {
    stdout.write(await run(flags, env.LIMPET_ADMIN_TOKEN || undefined))
    return 0
  } catch (error) {
    if (!(error instanceof LimpetError)) throw error
    stderr.write(`limpet sessions: ${error.message}\n`)
    return 1
  }
}

/** What to print. Throws LimpetError. */
async function run(
  flags: Exclude<SessionsFlags, { kind: 'help' | 'fault' }>,
  token?: string,
): Promise<string> {
  const client = createAdminClient(flags.admin, token)
  if (flags.kind === 'list') {
    const page = await client.list(flags.filter)
    return flags.isJson ? json(page) : sessionsTable(page)
  }
  const { name, service } = flags
  if (flags.kind === 'show') {
    const session = await client.show(name, service)
    return flags.isJson ? json(session) : sessionLines(session)
  }
  const session = await client.close(name, service)
  return flags.isJson ? json(session) : closedLine(session)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function closedLine({ hash, service, replica, closed }: SessionEntry): string {
  if (closed) return `session ${hash} was closed already\n`
  const where = replica === null ? 'whose replica is gone' : `of ${service}, which was on ${replica}`
  return `closed session ${hash} ${where}\n`
}
