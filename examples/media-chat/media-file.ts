import { randomFillSync } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

const pieceBytes = 1024 * 1024

/** Writes a file of random bytes, which nothing on the way can compress. */
export async function writeMediaFile(path: string, bytes: number): Promise<void> {
  function* pieces(): Generator<Buffer> {
    for (let left = bytes; left > 0; left -= pieceBytes) {
      yield randomFillSync(Buffer.allocUnsafe(Math.min(left, pieceBytes)))
    }
  }
  await pipeline(pieces, createWriteStream(path))
}
