import { EventStreamCodec } from '@smithy/eventstream-codec'
import type { AnswerContent, ContentFault } from '../../http/answer-content.ts'
import type { Content } from '../../http/content.ts'

export const EVENT_STREAM = 'application/vnd.amazon.eventstream'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

function text(value: string): { type: 'string'; value: string } {
  return { type: 'string', value }
}

const partHeaders = {
  ':message-type': text('event'),
  ':event-type': text('PayloadPart'),
  ':content-type': text('application/octet-stream'),
}

const errorHeaders = {
  ':message-type': text('exception'),
  ':exception-type': text('ModelStreamError'),
  ':content-type': text('application/json'),
}

const faults = {
  stalled: {
    Message: 'The container sent nothing more for too long.',
    ErrorCode: 'ModelInvocationTimeExceeded',
  },
  cut: { Message: 'The container broke off in the middle of its answer.', ErrorCode: 'StreamBroken' },
} as const satisfies Record<ContentFault, object>

/**
 * A container's content as an event stream: each piece as it comes is the payload of one PayloadPart. Where the
 * container breaks off, the stream ends with ModelStreamError.
 */
export class EventStreamAnswer implements AnswerContent {
  readonly status: number
  readonly head: string

  constructor(status: number, head: string) {
    this.status = status
    this.head = head
  }

  pass(content: Content, out: Content): boolean {
    if (content.bytes === 0) return true
    const body = Buffer.allocUnsafe(content.bytes)
    content.copyTo(body, 0)
    addMessage(out, codec.encode({ headers: partHeaders, body }))
    return true
  }

  end(): void {
    // The end of the content says it.
  }

  fail(fault: ContentFault, out: Content): boolean {
    addMessage(out, codec.encode({ headers: errorHeaders, body: Buffer.from(JSON.stringify(faults[fault])) }))
    return true
  }
}

function addMessage(out: Content, message: Uint8Array): void {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  out.add(bytes, 0, bytes.length)
}
