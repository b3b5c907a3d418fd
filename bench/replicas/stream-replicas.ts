import { fileURLToPath } from 'node:url'
import type { PlanReplicas } from './replica.ts'

/** Event streams, WebSocket echoes and a sink for uploads, which nginx can't do by itself. */
export const streamReplicas: PlanReplicas = (_folder, ports) => ({
  command: [
    process.execPath,
    fileURLToPath(new URL('./stream-server.ts', import.meta.url)),
    ...ports.map(String),
  ],
})
