/** For tests: a client's side of an event stream, read as it comes. */
import { version } from './mcp-replica.fixture.ts'

export interface TestEvent {
  readonly id: string
  /** Undefined for an event without data. */
  readonly message?: {
    id?: unknown
    method?: string
    params?: { data?: unknown; uri?: string }
    result?: unknown
  }
}

export interface TestStream {
  /** The next event; undefined at the end of the stream, however it has ended. */
  next(): Promise<TestEvent | undefined>
  /** The next event that has data. */
  nextMessage(): Promise<TestEvent | undefined>
  /** Breaks the connection. */
  abort(): void
}

/** Opens the stream of a GET request. */
export async function openStream(url: string, id: string, lastEventId?: string): Promise<TestStream> {
  const controller = new AbortController()
  const response = await fetch(url, {
    headers: {
      accept: 'text/event-stream',
      'mcp-session-id': id,
      'mcp-protocol-version': version,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: controller.signal,
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return readStream(response, controller)
}

/** Reads the stream that a response is. */
export function readStream(response: Response, controller: AbortController): TestStream {
  const events = eventsOf(response)
  const next = async (): Promise<TestEvent | undefined> => {
    const { value } = await events.next().catch(() => ({ value: undefined }))
    return value ?? undefined
  }
  return {
    next,
    async nextMessage() {
      for (;;) {
        const event = await next()
        if (event === undefined || event.message !== undefined) return event
      }
    },
    abort: () => controller.abort(),
  }
}

async function* eventsOf(response: Response): AsyncGenerator<TestEvent> {
  let text = ''
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const id = /^id: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.+)$/m.exec(block)?.[1]
      if (id === undefined && data === undefined) continue
      yield { id: id ?? '', ...(data !== undefined && { message: JSON.parse(data) }) }
    }
  }
}
