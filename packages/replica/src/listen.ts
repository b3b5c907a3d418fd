import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Container } from './container.ts'
import { onStopSignal, type StopSignal } from './stop-signal.ts'

export interface ListenOptions {
  /** 8080 by default, as SageMaker asks; 0 takes a free one. */
  readonly port?: number
  /** All interfaces by default. */
  readonly host?: string
  /** Signals that end the process, once it is closed; by default SIGTERM and SIGINT. */
  readonly signals?: readonly StopSignal[]
  /** How long requests that are under way may take to end; 25 s by default, since SageMaker kills after 30. */
  readonly graceMs?: number
}

/** A container that listens. */
export interface Listening {
  readonly server: Server
  readonly port: number
  /** Stops taking requests, waits for those under way within `graceMs`, and closes the container with its store. */
  close(): Promise<void>
}

export async function listen(
  container: Container,
  { port = 8080, host = '0.0.0.0', signals = ['SIGTERM', 'SIGINT'], graceMs = 25_000 }: ListenOptions = {},
): Promise<Listening> {
  const server = createServer((request, response) => container.handle(request, response))
  server.listen(port, host)
  await once(server, 'listening')
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= closeServer(server, container, graceMs).finally(ignoreSignals)
    return closed
  }
  const ignoreSignals = onStopSignal(close, signals)
  return { server, port: (server.address() as AddressInfo).port, close }
}

async function closeServer(server: Server, container: Container, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  await container.close({ graceMs })
  server.closeAllConnections()
  await closed
}
