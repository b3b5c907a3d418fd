import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isJson, isOfThisSite } from './browser-origin.ts'
import { GroupError, type ReplicaGroup } from './replica-group.ts'

/** The controls of a demo: who its replicas are, and adding, draining and killing them. */
export interface ControlServer {
  /** On a loopback port of its own; a router brings requests for `controlPath` here. */
  readonly url: string
  /** Tells all pages that the replicas have changed. */
  changed(): void
  close(): Promise<void>
}

/** Where the router finds the controls. */
export const controlPath = '/demo'

const mostPages = 100
const mostWaitingBytes = 64 * 1024
/** Several changes within this are told as one. */
const togetherMs = 50
/** Comments keep the streams of events open through whatever is between. */
const keepAliveMs = 15_000

/**
 * Starts the controls of `group`. They answer only to the names of this machine and to `hosts`, so that no page can
 * reach them by a name of its own, and to pages of this site.
 */
export async function startControlServer(
  group: Pick<ReplicaGroup, 'views' | 'add' | 'drain' | 'kill'>,
  hosts: readonly string[],
): Promise<ControlServer> {
  const pages = new Set<ServerResponse>()
  const known = new Set(['localhost', '127.0.0.1', '[::1]', ...hosts.filter((host) => host !== '')])
  let telling: NodeJS.Timeout | undefined

  function tell(page: ServerResponse): void {
    // One that takes nothing asks again when it is back.
    if (page.writableLength > mostWaitingBytes) page.destroy()
    else page.write(`event: replicas\ndata: ${JSON.stringify(group.views)}\n\n`)
  }

  function stream(response: ServerResponse): void {
    if (pages.size >= mostPages) {
      send(response, 503, 'DEMO_TOO_MANY_PAGES', 'Close the demo in another tab first.')
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    pages.add(response)
    response.once('close', () => pages.delete(response))
    tell(response)
  }

  async function act(path: string): Promise<void> {
    if (path === `${controlPath}/replicas`) return group.add()
    const [, name = '', what] = /^\/demo\/replicas\/([^/]+)\/(drain|kill)$/.exec(path) ?? []
    if (what === 'drain') return group.drain(name)
    if (what === 'kill') return group.kill(name)
    throw new GroupError('DEMO_UNKNOWN', 'There is no such control.')
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume()
    const path = (request.url ?? '/').split('?', 1)[0]!
    if (!isAtKnownName(request, known) || !isOfThisSite(request)) {
      send(response, 403, 'DEMO_FOREIGN', 'The controls are for the page of this demo, on this machine.')
    } else if (request.method === 'GET' && path === `${controlPath}/events`) stream(response)
    else if (request.method !== 'POST') send(response, 405, 'DEMO_METHOD', 'Controls take POST.')
    else if (!isJson(request)) send(response, 415, 'DEMO_NOT_JSON', 'Send content-type: application/json.')
    else {
      await act(path)
      response.writeHead(204).end()
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof GroupError)
        send(response, error.code === 'DEMO_UNKNOWN' ? 404 : 409, error.code, error.message)
      else send(response, 500, 'DEMO_FAILED', 'That did not work; the terminal of the demo says why.')
    })
  })
  const keepAlive = setInterval(() => {
    for (const page of pages) if (page.writableLength === 0) page.write(':\n\n')
  }, keepAliveMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changed() {
      telling ??= setTimeout(() => {
        telling = undefined
        for (const page of pages) tell(page)
      }, togetherMs)
    },
    async close() {
      clearInterval(keepAlive)
      clearTimeout(telling)
      const closed = new Promise((resolve) => server.close(resolve))
      for (const page of pages) page.end()
      server.closeIdleConnections()
      await closed
    },
  }
}

/** By the Host field, which a page whose name an attacker has pointed here can't choose. */
function isAtKnownName({ headers }: IncomingMessage, known: ReadonlySet<string>): boolean {
  const host = (headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
  return known.has(host)
}

function send(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { code, message } }))
}
