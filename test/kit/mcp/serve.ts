import { writeSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express, Request } from 'express'
import type { Json } from './call.ts'

/** What a fixture server answers to a session id that it does not know; servers in use differ in it. */
export type UnknownSession = 'not-found' | 'no-valid-id' | 'not-initialized'

export interface ServerOptions {
  readonly name: string
  readonly port: number
  readonly unknownSession: UnknownSession
}

/** What a fixture server has seen so far. */
export interface Statistics {
  /** How often each method of JSON-RPC came, and `GET` and `DELETE`. */
  readonly methods: Readonly<Record<string, number>>
  /** How many requests other than streams are not answered yet. */
  readonly inFlight: number
  readonly sessions: number
}

/** What a test sends to a server, and a server to a test. */
export interface ToServer {
  readonly ask?: 'statistics'
  /** What another server of the same test has published. */
  readonly published?: Json
}
export interface FromServer {
  readonly port?: number
  readonly statistics?: Statistics
  readonly published?: Json
}

/** The arguments of a fixture's process. */
export function optionsOfProcess(): ServerOptions {
  return JSON.parse(process.argv[2]!)
}

/** Told to the test at once, so that it is known even when this process is killed the moment after. */
export const record = (id: string): void => void writeSync(1, `${id}\n`)

/**
 * Listens, says at which port, and answers the test's questions over IPC until the process is to end. On SIGTERM it
 * takes no new connections, answers what it has in hand, and then ends; streams that only wait are cut.
 */
export function serve(app: Express, { port }: ServerOptions, sessions: { readonly size: number }): void {
  const server = app.listen(port, '127.0.0.1', () =>
    process.send?.({ port: (server.address() as AddressInfo).port } satisfies FromServer),
  )
  process.on('message', ({ ask }: ToServer) => {
    if (ask)
      process.send?.({ statistics: { methods, inFlight, sessions: sessions.size } } satisfies FromServer)
  })
  process.on('disconnect', () => process.exit())
  process.once('SIGTERM', () => endGently(server))
}

const methods: Record<string, number> = {}
let inFlight = 0
let ending: (() => void) | undefined

function endGently(server: Server): void {
  server.close()
  ending = () => inFlight === 0 && process.exit(0)
  ending()
}

/** To be put before the routes: counts what comes. */
export function count(app: Express): void {
  app.use((request: Request, response, next) => {
    for (const method of methodsOf(request)) methods[method] = (methods[method] ?? 0) + 1
    if (request.method !== 'GET') {
      inFlight++
      response.once('close', () => {
        inFlight--
        ending?.()
      })
    }
    next()
  })
}

function methodsOf({ method, body }: Request): string[] {
  if (method !== 'POST') return [method]
  return (Array.isArray(body) ? body : [body]).map((message: Json) => message?.method ?? 'answer')
}

export const jsonRpcError = (code: number, message: string) => ({
  jsonrpc: '2.0',
  error: { code, message },
  id: null,
})
