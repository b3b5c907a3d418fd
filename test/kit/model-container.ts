import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** How a container tells of a session it has made; the three are found in the wild. */
export type CreationForm = 'new-session' | 'session' | 'bare'

/** A request as a container saw it. */
export interface SeenRequest {
  readonly url: string
  /** Names in the spelling that came. */
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
}

export type InvocationHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  container: { readonly name: string },
) => unknown

/** A model container in this process: sessions in its memory, and requests answered as its tests script them. */
export interface ModelContainer extends AsyncDisposable {
  readonly name: string
  readonly url: string
  readonly seen: SeenRequest[]
  /** Live sessions by the container's own id. */
  readonly sessions: ReadonlySet<string>
  /** What /ping answers. */
  pingStatus: number
}

export interface ContainerOptions {
  readonly form?: CreationForm
  /** Seconds until a new session expires. */
  readonly expiresSeconds?: number
  /** The id of the next session. */
  readonly createId?: () => string
  /** Answers in place of the container's own answer, where it answers at all (returns true). */
  readonly handle?: InvocationHandler
}

/**
 * Starts one. A JSON body `{"requestType":"NEW_SESSION"}` makes a session, `CLOSE` ends it; everything else is
 * answered with what came: the container's name, the session it saw and the body's length.
 */
export async function startModelContainer(
  name: string,
  options: ContainerOptions = {},
): Promise<ModelContainer> {
  const { form = 'new-session', expiresSeconds = 1200, createId = randomUUID, handle } = options
  const sessions = new Set<string>()
  const seen: SeenRequest[] = []
  const container = { name, seen, sessions, pingStatus: 200 }

  const create = (response: ServerResponse): void => {
    const id = createId()
    sessions.add(id)
    const expires = new Date(Date.now() + expiresSeconds * 1000).toISOString().replace(/\.\d+/, '')
    const field = form === 'new-session' ? 'X-Amzn-SageMaker-New-Session-Id' : 'X-Amzn-SageMaker-Session-Id'
    response.setHeader(field, form === 'bare' ? id : `${id}; Expires=${expires}`)
    response.end(`Session ${id} created`)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '', rawHeaders, headers } = request
    if (url === '/ping') {
      response.writeHead(container.pingStatus).end()
      return
    }
    seen.push({ url, rawHeaders, headers })
    if (handle?.(request, response, container) === true) return
    const session = headers['x-amzn-sagemaker-session-id'] as string | undefined
    const body = await text(request)
    const requestType = /"requestType": ?"(\w+)"/.exec(body)?.[1]
    if (session !== undefined && !sessions.has(session)) {
      response.writeHead(400).end(`Bad request: session not found: ${session}`)
    } else if (requestType === 'NEW_SESSION') create(response)
    else if (requestType === 'CLOSE' && session !== undefined) {
      sessions.delete(session)
      response.setHeader('X-Amzn-SageMaker-Closed-Session-Id', session)
      response.end(`Session ${session} closed`)
    } else {
      // As one of the containers does: the session's id with every answer.
      if (form === 'bare' && session !== undefined) response.setHeader('X-Amzn-SageMaker-Session-Id', session)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ replica: name, session, bytes: body.length }))
    }
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(container, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  })
}
