import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as send } from 'node:http'
import { connect } from 'node:net'
import { within } from './process.ts'

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: string
  /** The replica that names itself in the answer. */
  readonly replica: string | undefined
  /** The field `limpet-decision`. */
  readonly decision: string | undefined
  readonly cookies: readonly string[]
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** A client that keeps connections alive, as many as `connections` at a time. */
export class Client implements Disposable {
  readonly #agent: Agent
  readonly #port: number

  constructor(port: number, connections = 32) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
  }

  /** Resolves to the whole answer; rejects when there is none within 30 s or the connection breaks. */
  ask(path: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      const request = send(
        { host: '127.0.0.1', port: this.#port, agent: this.#agent, path, method, headers },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('end', () => resolve(answerOf(response, Buffer.concat(parts).toString())))
          response.on('error', reject)
        },
      )
      request.on('error', reject)
      request.end(body)
    })
    return within(30_000, `an answer to ${method} ${path}`, answer)
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function answerOf(response: IncomingMessage, body: string): Answer {
  const { headers, trailers, statusCode: status = 0 } = response
  const replica = headers['x-replica'] as string | undefined
  const decision = headers['limpet-decision'] as string | undefined
  return { status, headers, trailers, body, replica, decision, cookies: headers['set-cookie'] ?? [] }
}

/** Someone with a cookie jar, which knows names and values only. */
export class Browser {
  readonly jar = new Map<string, string>()
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async ask(path: string, options: AskOptions = {}): Promise<Answer> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie !== '' && { cookie }), ...options.headers }
    const answer = await this.#client.ask(path, { ...options, headers })
    for (const line of answer.cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      this.jar.set(name, value)
    }
    return answer
  }
}

/** Does `work` for each item, `width` at a time, and resolves to the results in the items' order. */
export async function forEach<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}

/** How often each value occurs. */
export function tally(values: Iterable<string | undefined>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value ?? 'none'] = (counts[value ?? 'none'] ?? 0) + 1
  return counts
}

/** `count` names of sessions. */
export function sessionNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `session-${index}`)
}

/** Sends `text` on a connection of its own and resolves to all that comes until the router closes it. */
export function exchangeRaw(port: number, text: string): Promise<string> {
  const all = new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
    socket.write(text, 'latin1')
  })
  return within(10_000, 'the end of a raw exchange', all)
}
