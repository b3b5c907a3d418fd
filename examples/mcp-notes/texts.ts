import type { ReplicaProcess } from './replica-process.ts'

/** What `main.ts --help` prints. */
export const usage = `Usage: npx node examples/mcp-notes/main.ts [OPTIONS]

Starts replicas of an MCP server that keeps notes, each a process of its own, on one store of sessions.

  --replicas N   how many, 1 to 8 (2)
  --store URL    redis://HOST:PORT, rediss://HOST:PORT or file:PATH (a folder that goes at the end)
  --help         this text`

/** What is printed when the replicas are up. */
export function banner(replicas: readonly ReplicaProcess[], store: string): string {
  const lines = replicas.map(({ name, pid, url }) => `  ${name.padEnd(8)} ${url}  (process ${pid})`)
  const flags = replicas.map(({ url }) => `--replica ${new URL(url).origin}`)
  return `The notes are up, with their sessions in ${store}.

${lines.join('\n')}

Put the router in front of them, and point an MCP client at its /mcp:

  npx limpet serve --dialect mcp ${flags.join(' ')}

Every answer names its replica. Kill that process (kill -9), ask on in the session, and see who answers, with all notes.

Stop with Ctrl-C.`
}
