import { METHODS } from 'node:http'
import { expectedRequestFields, expectedResponseFields, isForbiddenTrailer } from './expected-fields.ts'
import type { Reading, ReadMessage, RelayedMessage } from './message.ts'
import { readRequestsWithLimpet, readResponseWithLimpet } from './read-with-limpet.ts'
import type { NodeReader } from './read-with-node.ts'

/** One input of the comparison. */
export interface FuzzInput {
  readonly kind: 'requests' | 'response'
  readonly bytes: Buffer
  /** Of the request that a response answers. */
  readonly method: string
  /** Where the bytes were cut into reads. */
  readonly cuts: readonly number[]
}

/** Limpet accepted what Node refuses or reads otherwise, or made something of it that Node does not read alike. */
export interface Difference {
  readonly rule: string
  readonly detail: string
  readonly input: FuzzInput
  /** The message that differs, as Limpet read it. */
  readonly message: RelayedMessage
  /** What Node refused with. */
  readonly nodeError: string | undefined
}

const sentinel = Buffer.from('GET /sentinel HTTP/1.1\r\nHost: sentinel\r\n\r\n')

export interface Comparison {
  /** Whether Limpet accepted at least one message. */
  readonly accepted: boolean
  readonly differences: readonly Difference[]
}

/** Every difference that `input` shows; throws when Limpet's own two readings disagree. */
export async function compare(node: NodeReader, input: FuzzInput): Promise<Comparison> {
  const { bytes, kind, method } = input
  const cuts = input.cuts.filter((cut) => cut < bytes.length).concat(bytes.length)
  const ours =
    kind === 'requests' ? readRequestsWithLimpet(bytes, cuts) : readResponseWithLimpet(bytes, method, cuts)
  if (ours.messages.length === 0) return { accepted: false, differences: [] }
  const differences: Difference[] = []
  const add = (
    message: RelayedMessage,
    nodeError: string | undefined,
    rule: string,
    detail: string,
  ): void => {
    differences.push({ rule, detail, input, message, nodeError })
  }
  // Only what Limpet took for messages: Node must come to the same end with the same bytes.
  const taken = bytes.subarray(0, ours.messages.at(-1)!.end)
  const theirs = kind === 'requests' ? await node.readRequests(taken) : await node.readResponse(taken, method)
  compareReadings(ours, theirs, add)
  for (const message of ours.messages) {
    if (!message.complete) continue
    if (kind === 'requests') await compareForwardedRequest(node, message, add)
  }
  const last = ours.messages.at(-1)!
  if (kind === 'response' && last.complete && (Number(last.start) >= 200 || last.upgrade))
    await compareForwardedResponse(node, ours, method, add)
  return { accepted: true, differences }
}

type Add = (message: RelayedMessage, nodeError: string | undefined, rule: string, detail: string) => void

function compareReadings(ours: Reading<RelayedMessage>, theirs: Reading, add: Add): void {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index]
    if (other === undefined) {
      // Without an error Node has merely ended the connection after an earlier message.
      if (theirs.refused !== undefined) add(message, theirs.refused, 'head refused', theirs.refused)
      return
    }
    const differs = headDifference(message, other)
    if (differs !== undefined) {
      add(message, theirs.refused, 'head read otherwise', differs)
      return
    }
    if (!message.complete) return
    if (!other.complete) {
      add(message, theirs.refused, 'content refused', theirs.refused ?? 'incomplete')
      return
    }
    if (!message.body.equals(other.body)) {
      add(message, theirs.refused, 'content read otherwise', `${show(message.body)} and ${show(other.body)}`)
      return
    }
  }
  if (theirs.messages.length > ours.messages.length)
    add(ours.messages.at(-1)!, theirs.refused, 'more messages', theirs.messages[ours.messages.length]!.start)
}

function headDifference(ours: ReadMessage, theirs: ReadMessage): string | undefined {
  if (ours.start !== theirs.start) return `${ours.start} and ${theirs.start}`
  if (ours.minor !== theirs.minor) return `HTTP/1.${ours.minor} and HTTP/1.${theirs.minor}`
  const a = JSON.stringify(ours.fields)
  const b = JSON.stringify(theirs.fields)
  return a === b ? undefined : `${a} and ${b}`
}

/** Node must read what a replica is sent as exactly the one request that Limpet understood. */
async function compareForwardedRequest(node: NodeReader, message: RelayedMessage, add: Add): Promise<void> {
  const method = message.start.slice(0, message.start.indexOf(' '))
  // Node knows a fixed list of methods; others are tokens that some replicas take.
  const known = METHODS.includes(method)
  const bytes = known
    ? message.forwarded
    : Buffer.concat([Buffer.from('PUT'), message.forwarded.subarray(method.length)])
  const { messages, refused } = await node.readRequests(Buffer.concat([bytes, sentinel]))
  const report = (detail: string): void =>
    add(message, refused, 'forwarded request', `${detail}; sent ${show(bytes)}`)
  const first = messages[0]
  if (first === undefined || refused !== undefined) return report(`refused with ${refused}`)
  if (!first.complete || !first.body.equals(message.body)) return report('other content')
  if (first.start !== `${known ? method : 'PUT'} ${message.target}`)
    return report(`other request line: ${first.start}`)
  const fields = JSON.stringify(first.fields)
  const expected = JSON.stringify(expectedRequestFields(message))
  if (fields !== expected) return report(`other fields: ${fields} for ${expected}`)
  if (first.trailers.some(([name]) => isForbiddenTrailer(name))) return report('a forbidden trailer')
  // Node ends the connection after a request that asked for an upgrade.
  if (message.upgrade) return
  if (messages.length !== 2 || messages[1]!.start !== 'GET /sentinel')
    report('the next request is read otherwise')
}

async function compareForwardedResponse(
  node: NodeReader,
  ours: Reading<RelayedMessage>,
  method: string,
  add: Add,
): Promise<void> {
  const bytes = Buffer.concat(ours.messages.map(({ forwarded }) => forwarded))
  const { messages, refused } = await node.readResponse(bytes, method)
  const last = ours.messages.at(-1)!
  const report = (detail: string): void =>
    add(last, refused, 'forwarded response', `${detail}; sent ${show(bytes)}`)
  if (messages.length !== ours.messages.length || refused !== undefined)
    return report(`refused with ${refused}`)
  for (const [index, message] of ours.messages.entries()) {
    const other = messages[index]!
    if (other.start !== message.start) return report('other status')
    if (!other.complete || !other.body.equals(message.body)) return report('other content')
    const fields = JSON.stringify(other.fields)
    const expected = JSON.stringify(expectedResponseFields(message, method))
    if (fields !== expected) return report(`other fields: ${fields} for ${expected}`)
    if (other.trailers.some(([name]) => isForbiddenTrailer(name))) return report('a forbidden trailer')
  }
}

/** Bytes as a string literal, shortened in the middle. */
export function show(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'))
  return text.length <= 1200 ? text : `${text.slice(0, 800)} … ${text.slice(-300)}`
}
