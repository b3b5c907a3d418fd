import { METHODS } from 'node:http'
import type { Difference } from './compare.ts'

/** A difference that was looked at and is right as it is. */
export interface KnownDifference {
  readonly reason: string
  applies(difference: Difference): boolean
}

/** Node tells no error of such a request's content, whatever becomes of the upgrade. */
const asksForUpgrade = ({ message }: Difference): boolean =>
  message.fields.some(([name]) => name.toLowerCase() === 'upgrade')

const isChunked = ({ message }: Difference): boolean =>
  message.fields.some(([name]) => name.toLowerCase() === 'transfer-encoding')

export const knownDifferences: readonly KnownDifference[] = [
  {
    reason:
      'Node knows a fixed list of methods. Any token is a method (RFC 9110 §9.1), and replicas that are not Node may know more.',
    applies: ({ rule, nodeError, message }) =>
      rule === 'head refused' &&
      (nodeError === 'HPE_INVALID_METHOD' || nodeError === 'HPE_INVALID_CONSTANT') &&
      !METHODS.includes(message.start.split(' ', 1)[0]!),
  },
  {
    reason:
      'A response may repeat its Content-Length with the same number (RFC 9110 §8.6); what is forwarded has it once.',
    applies: ({ rule, nodeError, input, message }) =>
      rule === 'head refused' &&
      input.kind === 'response' &&
      nodeError === 'HPE_UNEXPECTED_CONTENT_LENGTH' &&
      message.fields.filter(([name]) => name.toLowerCase() === 'content-length').length > 1,
  },
  {
    reason:
      'Node refuses a Content-Length or Transfer-Encoding in a trailer section; here it is dropped, which RFC 9110 §6.5.1 asks for. The comparison of what is forwarded shows that it is.',
    applies: (difference) =>
      difference.rule === 'content refused' &&
      isChunked(difference) &&
      /\r\n(?:content-length|transfer-encoding):/i.test(difference.input.bytes.toString('latin1')) &&
      (asksForUpgrade(difference) ||
        /^HPE_(?:INVALID_CONTENT_LENGTH|INVALID_TRANSFER_ENCODING|UNEXPECTED_CONTENT_LENGTH)$/.test(
          difference.nodeError ?? '',
        )),
  },
  {
    reason:
      'Node checks the syntax of chunk extensions; here they are read past and dropped (RFC 9112 §7.1.1), whatever visible characters they have.',
    applies: (difference) =>
      difference.rule === 'content refused' &&
      isChunked(difference) &&
      /\n[0-9a-f]+;/i.test(difference.input.bytes.toString('latin1')) &&
      (asksForUpgrade(difference) || /^HPE_(?:STRICT|INVALID_CHUNK_SIZE)$/.test(difference.nodeError ?? '')),
  },
  {
    reason:
      'Node lets `Connection: close` in a trailer section end the connection; a trailer must not act (RFC 9110 §6.5.1), and it is dropped here.',
    applies: ({ rule, nodeError, input }) =>
      rule === 'head refused' &&
      nodeError === 'HPE_CLOSED_CONNECTION' &&
      input.kind === 'requests' &&
      /\n0+(?:;[^\r]*)?\r\n(?:[^\r]+\r\n)*connection:[^\r]*close/i.test(input.bytes.toString('latin1')),
  },
  {
    reason: 'Node takes `Proxy-Connection: close`, which no standard has, for `Connection: close`.',
    applies: ({ rule, nodeError, input }) =>
      rule === 'head refused' &&
      nodeError === 'HPE_CLOSED_CONNECTION' &&
      /^proxy-connection:[^\r]*close/im.test(input.bytes.toString('latin1')),
  },
  {
    reason:
      'Node takes an interim response with `Connection: close`, or of HTTP/1.0, for the end of the connection; it is a final response that says so (RFC 9112 §9.6).',
    applies: ({ rule, nodeError, input }) =>
      rule === 'head refused' &&
      nodeError === 'HPE_CLOSED_CONNECTION' &&
      input.kind === 'response' &&
      /^HTTP\/1\.(?:0 1\d\d|1 1\d\d[^\r]*\r\n(?:[^\r]+\r\n)*connection:[^\r]*close)/im.test(
        input.bytes.toString('latin1'),
      ),
  },
]

export function isKnown(difference: Difference): boolean {
  return knownDifferences.some((known) => known.applies(difference))
}
