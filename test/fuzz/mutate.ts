import type { Random } from './random.ts'

const inserted = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  '\r\n',
  '\x0b',
  '\x0c',
  '\xa0',
  '\x7f',
  '\x85',
  ':',
  ',',
  ';',
  '\r\n ',
  '\r\n\r\n',
  '0',
  'x',
  '-',
  '_',
]

/** One small damage done to `bytes`. */
function damage(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1)
  switch (random.below(8)) {
    case 0: {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[at % copy.length] = random.below(256)
      return copy
    }
    case 1:
    case 2:
      return splice(bytes, at, at, random.pick(inserted))
    case 3:
      return splice(bytes, at, at + 1 + random.below(3), '')
    case 4:
      return moveLine(random, bytes, true)
    case 5:
      return moveLine(random, bytes, false)
    case 6: {
      const lf = bytes.indexOf('\r\n', at)
      return lf === -1
        ? bytes
        : splice(bytes, lf, lf + 2, random.pick(['\n', '\r', '\r\r\n', '\n\r', '\r\n ', '']))
    }
    default:
      return random.oneIn(4)
        ? bytes.subarray(0, at)
        : splice(bytes, at, at, random.pick(inserted).repeat(1 + random.below(40)))
  }
}

function splice(bytes: Buffer, from: number, to: number, text: string): Buffer {
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(text, 'latin1'), bytes.subarray(to)])
}

/** Copies or moves one line to where another begins. */
function moveLine(random: Random, bytes: Buffer, keep: boolean): Buffer {
  const lines = bytes.toString('latin1').split('\r\n')
  const from = random.below(lines.length)
  const line = lines[from]!
  if (!keep) lines.splice(from, 1)
  lines.splice(random.below(lines.length + 1), 0, line)
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** `bytes` with up to four damages; in one of three cases none. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let result = bytes
  if (random.oneIn(3)) return result
  for (let count = 1 + random.below(random.oneIn(3) ? 4 : 1); count > 0; count--)
    result = damage(random, result)
  return result
}

/** Where to cut `length` bytes into reads: ascending offsets, the last one is `length`. */
export function cuts(random: Random, length: number): number[] {
  if (random.oneIn(3)) return [length]
  if (random.oneIn(12)) return Array.from({ length }, (_, at) => at + 1)
  const offsets = new Set([length])
  for (let count = random.below(6); count > 0; count--) offsets.add(random.below(length) + 1)
  return [...offsets].sort((a, b) => a - b)
}
