import { Content } from '../../../http/content.ts'
import type { SignedRequest } from './canonical-request.ts'
import type { SignatureCheck } from './signature-check.ts'

/** A request as it stood on the wire. */
export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** Reads a head of lines, without the empty one; a byte a character. */
export function wireRequest(head: string, body: Buffer = Buffer.alloc(0)): WireRequest {
  const [requestLine = '', ...lines] = head.split(/\r?\n/)
  const [method = '', target = ''] = requestLine.split(' ')
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { method, target, fields, body }
}

/** The request with the field `name` set to `value`, or without it. */
export function withField(request: WireRequest, name: string, value: string | undefined): WireRequest {
  const others = request.fields.filter(([other]) => other.toLowerCase() !== name)
  return { ...request, fields: value === undefined ? others : [...others, [name, value]] }
}

/** What the check says of a whole request: the code of its refusal, or `verified`. */
export function verdict(check: SignatureCheck, request: WireRequest, nowMs: number): string {
  const payload = check.begin(signedRequest(request), nowMs)
  if (typeof payload === 'string') return payload
  const { body } = request
  // In two pieces, the second amid other bytes, as a router's reads bring them.
  const half = body.length >> 1
  payload.update(contentOf([body, 0, half]))
  const amid = Buffer.concat([Buffer.from('xx'), body.subarray(half), Buffer.from('y')])
  payload.update(contentOf([amid, 2, 2 + body.length - half]))
  return payload.end() ?? 'verified'
}

/** Content of these pieces: `[bytes, from, to)`. */
export function contentOf(...pieces: readonly (readonly [Buffer, number, number])[]): Content {
  const content = new Content()
  for (const [bytes, from, to] of pieces) content.add(bytes, from, to)
  return content
}

function signedRequest({ method, target, fields }: WireRequest): Required<SignedRequest> {
  const headerValues = (name: string): string[] =>
    fields.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return {
    method,
    target,
    headerValues,
    header: (name) => (headerValues(name).length === 0 ? undefined : headerValues(name).join(', ')),
  }
}
