/** For tests: a container in this process. */
import type { Server } from 'node:http'
import { type Container, type ContainerOptions, createContainer } from './container.ts'
import { createMemoryStore } from './store/memory-store.ts'

export const sessionId = 'X-Amzn-SageMaker-Session-Id'
export const newSessionBody = '{"requestType":"NEW_SESSION"}'
export const closeBody = '{"requestType":"CLOSE"}'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

export interface TestContainer extends AsyncDisposable {
  readonly container: Container
  readonly url: string
  readonly server: Server
  /** What was reported. */
  readonly reports: string[]
  /** Sends an invocation. */
  post(body: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>
  /** Creates a session by the contract and gives its id. */
  begin(): Promise<string>
}

/** Starts one with sessions switched on, in memory unless `options` say otherwise. */
export async function startContainer(options: ContainerOptions = {}): Promise<TestContainer> {
  const reports: string[] = []
  const container = await createContainer({
    store: createMemoryStore(),
    handler: (_request, response) => void response.end('answered'),
    report: (error, what) => void reports.push(`${what}: ${(error as Error).message}`),
    ...options,
    settings: { enabled: true, ...options.settings },
  })
  const { port, server, close } = await container.listen({ port: 0, host: '127.0.0.1', signals: [] })
  const url = `http://127.0.0.1:${port}`
  const post = async (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${url}/invocations`, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Blob([Uint8Array.from(body)]),
      headers: { 'content-type': 'application/json', ...headers },
    })
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
  return {
    container,
    server,
    url,
    reports,
    post,
    async begin() {
      const { headers } = await post(newSessionBody)
      return idIn(headers)
    },
    [Symbol.asyncDispose]: close,
  }
}

/** The id of the session that an answer says was created. */
export function idIn(headers: Headers): string {
  const value = headers.get('X-Amzn-SageMaker-New-Session-Id')
  if (value === null) throw new Error('The answer tells of no new session.')
  return value.split(';')[0]!
}
