import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePort, PeerMissing, type StartPeer, startPeer } from './peer.ts'

const folder = new URL('../../../packages/limpet/', import.meta.url)
const program = fileURLToPath(new URL('bin/limpet.js', folder))

/** Limpet with short timeouts, run as a user would: `limpet serve CONFIG`. */
export const startLimpet: StartPeer = async (replicaPorts) => {
  if (!existsSync(program)) throw new PeerMissing('Limpet is not in this clone.')
  const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as { version: string }
  const port = await freePort()
  return startPeer({
    title: `Limpet ${version}`,
    port,
    settings: {
      headTimeoutMs: 2000,
      bodyTimeoutMs: 2000,
      bodyRateGraceMs: 4000,
      writeStallMs: 2000,
      responseTimeoutMs: 2000,
      cookieTtlMs: 6000,
      otherServiceHost: 'other.example',
    },
    config: { name: 'limpet.yaml', text: () => limpetConfig(port, replicaPorts) },
    command: (_folder, file) => [process.execPath, program, 'serve', file],
  })
}

function limpetConfig(port: number, replicaPorts: readonly number[]): string {
  const service = (name: string, more: string) => `  - name: ${name}
${more}    replicas: [${replicaPorts.map((each) => `"http://127.0.0.1:${each}"`).join(', ')}]
    session: ["header:x-session", cookie]
    cookie: { name: ${name}, idle: 6s }
    health: off
    ejection: off
`
  return `listen: 127.0.0.1:${port}
workers: 1
log: { level: warn }
timeouts: { head: 2s, requestBody: 2s, writeStall: 2s, response: 2s }
services:
${service('conformance', '')}${service('other', '    match: { host: other.example }\n')}`
}
