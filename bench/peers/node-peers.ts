import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed, installFolder, type Peer } from './peer.ts'

/** Node's best known proxy library, as its maintained rewrite. */
export const httpProxy3 = nodePeer('http-proxy-3', './http-proxy-3-server.ts')

/** The proxy plugin of Fastify, on undici. */
export const fastifyProxy = nodePeer('@fastify/http-proxy', './fastify-server.ts')

function nodePeer(library: string, server: string): Peer {
  return {
    id: library.replace(/^@/, '').replace('/', '-'),
    plan: ({ port, replicaPorts }) => {
      const manifest = installed(join(installFolder, 'node/node_modules', library, 'package.json'))
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
      const program = fileURLToPath(new URL(server, import.meta.url))
      return {
        title: `${library} ${version}`,
        command: [process.execPath, program, `${port}`, ...replicaPorts.map(String)],
        environment: { NODE_ENV: 'production' },
      }
    },
  }
}
