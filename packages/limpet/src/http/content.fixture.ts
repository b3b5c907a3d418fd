import type { BodyReader } from './body.ts'
import { Content } from './content.ts'

/** What a reader makes of one read. */
export interface ReadContent {
  /** The offset just past what belonged to the content, or `MALFORMED`. */
  readonly used: number
  /** What is to be forwarded. */
  readonly forwarded: Buffer
}

/** Gives `reader` the read `bytes[at, end)`. */
export function readContent(reader: BodyReader, bytes: Buffer, at: number, end = bytes.length): ReadContent {
  const content = new Content()
  const used = reader.read(bytes, at, end, content)
  const forwarded = Buffer.alloc(content.bytes)
  if (content.copyTo(forwarded, 0) !== content.bytes)
    throw new Error('the pieces are not what they add up to')
  if (content.text() !== forwarded.toString('latin1')) throw new Error('text and bytes differ')
  return { used, forwarded }
}
