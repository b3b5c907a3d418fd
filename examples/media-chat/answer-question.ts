import { createHash } from 'node:crypto'
import { pastEnd } from './media-error.ts'
import type { Question } from './question.ts'

/** Media that is asked about: kept in a session, or on its way in. */
export interface Media {
  /** Undefined while it is still coming. */
  readonly bytes?: number | undefined
  /** From the byte `from` on. */
  readonly content: AsyncIterable<Uint8Array>
  readonly from: number
}

export type Answer = { readonly bytes: number } | { readonly byte: number } | { readonly sha256: string }

/**
 * Works the answer out from the media's bytes, reading no further than it must.
 * @throws {MediaError} when the question is about bytes behind the last one
 */
export async function answerQuestion(question: Question, media: Media): Promise<Answer> {
  const { bytes, content } = media
  switch (question.question) {
    case 'size':
      return { bytes: bytes ?? (await lengthOf(content)) }
    case 'byte':
      return { byte: await byteAt(media, question.offset) }
    case 'checksum':
      return { sha256: await checksumOf(partOf(media, question.offset, question.length)) }
  }
}

async function lengthOf(content: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const piece of content) bytes += piece.byteLength
  return bytes
}

async function byteAt(media: Media, offset: number): Promise<number> {
  let byte = 0
  for await (const piece of partOf(media, offset, 1)) byte = piece[0]!
  return byte
}

async function checksumOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of content) hash.update(piece)
  return hash.digest('hex')
}

/** The pieces of a part. Throws unless all of it is there; without a length it goes to the end. */
async function* partOf(
  { content, from: start, bytes }: Media,
  offset = 0,
  length?: number,
): AsyncGenerator<Uint8Array> {
  const end = length === undefined ? Number.POSITIVE_INFINITY : offset + length
  let at = start
  for await (const piece of content) {
    const from = Math.max(0, offset - at)
    const to = Math.min(piece.byteLength, end - at)
    if (from < to) yield piece.subarray(from, to)
    at += piece.byteLength
    if (at >= end) return
  }
  const total = bytes ?? at
  if (total < (length === undefined ? offset : end)) throw pastEnd(total)
}
