import { createHash, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Session } from '@limpet/replica'
import { emptyMedia, noMedia } from './media-error.ts'

/** What is known of the media of a session; kept as JSON beside it. */
export interface KeptMedia {
  /** The session value that holds the bytes. */
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly contentType: string
}

const descriptionKey = 'media'
const contentPrefix = 'media-'

/**
 * Streams media into the session in place of what it held, no more than a piece at a time in memory. The old media
 * counts until all of the new is stored, also when this process dies in between.
 * @throws {MediaError} when it is empty
 * @throws {TooLargeError | NoSpaceError} when the session has no room for it
 */
export async function keepMedia(
  session: Session,
  content: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<KeptMedia> {
  const key = `${contentPrefix}${randomUUID()}`
  const hash = createHash('sha256')
  let bytes = 0
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      hash.update(piece)
      bytes += piece.byteLength
      yield piece
    }
  }
  await session.put(key, measured())
  if (bytes === 0) {
    await session.delete(key)
    throw emptyMedia()
  }
  const kept: KeptMedia = { key, bytes, sha256: hash.digest('hex'), contentType }
  await session.put(descriptionKey, kept)
  for (const { key: other } of await session.list()) {
    if (other.startsWith(contentPrefix) && other !== key) await session.delete(other)
  }
  return kept
}

/**
 * The session's media from the byte `from` on, to be read to its end or destroyed. `bytes` is the size of what lies
 * in the store now.
 * @throws {MediaError} when there is none
 */
export async function openMedia(
  session: Session,
  from: number,
): Promise<{ bytes: number; content: Readable }> {
  const kept = (await session.get(descriptionKey)) as KeptMedia | undefined
  const value = kept && (await session.read(kept.key, from))
  if (!value) throw noMedia()
  return value
}
