import type { ResponseHead } from '../../http/response-head.ts'
import type { Opening } from '../../session/session-record.ts'
import type { Greeting } from '../dialect.ts'
import { SESSION_FIELD } from './era.ts'
import { isReplicaId } from './session-id.ts'

const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })

/** Fields of the waiting request that are of it alone. All others, such as credentials, go with the greeting. */
const OWN_FIELDS = new Set([
  'accept',
  'accept-encoding',
  'transfer-encoding',
  'expect',
  'trailer',
  'te',
  'connection',
  'upgrade',
  'last-event-id',
  'digest',
])
/** They describe its content, or repeat what that says (`Mcp-Method`). */
const ownPrefix = /^(?:content|mcp)-/
const VERSION_FIELD = 'mcp-protocol-version'

/**
 * How a session begins at another replica as it did at its first: the client's own `initialize`, `initialized`, and
 * what it has set since. `version` is the revision that the client speaks, by the waiting request: a replica that
 * would speak another can't take the session over.
 */
export function greetingOf({ opening, settings }: Opening, version: string | undefined): Greeting {
  const contents = [opening, INITIALIZED, ...settings.map(([, content]) => content)]
  return {
    contents: contents.map(withOwnId),
    head: (waiting, idAtReplica, contentLength) => headOf(waiting, idAtReplica, contentLength),
    idIn: (head, content) => idIn(head, content, version),
  }
}

/** The ids of requests that the router sends must not be those of the client's. */
function withOwnId(content: string, index: number): string {
  const message = JSON.parse(content)
  return message.id === undefined ? content : JSON.stringify({ ...message, id: `limpet-${index}` })
}

function headOf(waiting: string, idAtReplica: string | undefined, contentLength: number): string {
  const [requestLine = '', ...lines] = waiting.split('\r\n')
  const target = requestLine.split(' ')[1]
  const kept = lines.filter((line) => {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    // The revision is agreed on by the first request.
    if (name === VERSION_FIELD) return idAtReplica !== undefined
    return line !== '' && !OWN_FIELDS.has(name) && !ownPrefix.test(name)
  })
  const own = [
    'Accept: application/json, text/event-stream',
    'Content-Type: application/json',
    `Content-Length: ${contentLength}`,
    ...(idAtReplica === undefined ? [] : [`Mcp-Session-Id: ${idAtReplica}`]),
  ]
  return [`POST ${target} HTTP/1.1`, ...kept, ...own].map((line) => `${line}\r\n`).join('')
}

function idIn(head: ResponseHead, content: Buffer, version: string | undefined): string | undefined {
  const id = head.fields.find(SESSION_FIELD)
  if (head.status !== 200 || id === undefined || !isReplicaId(id)) return undefined
  const result = resultIn(content.toString('utf8'), head.eventStream)
  if (result === undefined) return undefined
  return version === undefined || result.protocolVersion === version ? id : undefined
}

function resultIn(text: string, isStream: boolean): { protocolVersion?: unknown } | undefined {
  const texts = isStream ? [...text.matchAll(/^data: ?(\{.*\})\r?$/gm)].map(([, data]) => data!) : [text]
  for (const json of texts) {
    try {
      const { result } = JSON.parse(json)
      if (typeof result === 'object' && result !== null) return result
    } catch {
      // It is no message.
    }
  }
  return undefined
}
