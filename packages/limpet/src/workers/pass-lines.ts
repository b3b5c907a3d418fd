import type { Readable, Writable } from 'node:stream'

/** The longest line that is passed on whole, in bytes; what is longer is broken into several. */
export const maxLineBytes = 8192

const NEWLINE = 10
const newline = Buffer.from([NEWLINE])

/** Passes on what `from` says to `to`, line by line with `prefix` before each. Holds one line at most. */
export function passLines(from: Readable, to: Pick<Writable, 'write'>, prefix: string): void {
  const start = Buffer.from(prefix)
  let rest: Buffer = Buffer.alloc(0)
  from.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const lines: Buffer[] = []
    let at = 0
    for (;;) {
      const end = bytes.indexOf(NEWLINE, at)
      const isTooLong = (end === -1 ? bytes.length : end) - at > maxLineBytes
      if (end === -1 && !isTooLong) break
      const lineEnd = isTooLong ? at + maxLineBytes : end
      lines.push(start, bytes.subarray(at, lineEnd), newline)
      at = isTooLong ? lineEnd : end + 1
    }
    // A copy, since a line of some bytes would keep all that came with it.
    rest = Buffer.from(bytes.subarray(at))
    if (lines.length > 0) to.write(Buffer.concat(lines))
  })
  from.on('end', () => {
    if (rest.length > 0) to.write(Buffer.concat([start, rest, newline]))
  })
  from.on('error', () => undefined)
}
