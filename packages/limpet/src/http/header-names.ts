/**
 * The header fields that a proxy must know by name. A field's number comes from its bytes without making a
 * string of them: most fields of a head are none of these and are copied unseen.
 */

const names = [
  '',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'keep-alive',
  'proxy-connection',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'cookie',
  'authorization',
  'cache-control',
  'content-type',
  'limpet-decision',
  'limpet-epoch',
  'http2-settings',
  'set-cookie',
  'date',
  'max-forwards',
] as const

export type KnownName = (typeof names)[number]

/** Numbers of the known fields; 0 is every other field. */
export const FIELD = Object.fromEntries(names.map((name, index) => [name, index])) as Record<
  KnownName,
  number
>

const BUCKETS = 256
const first = new Int32Array(BUCKETS).fill(-1)
const next = new Int32Array(names.length).fill(-1)
const bytes = names.map((name) => Uint8Array.from(name, (char) => char.charCodeAt(0)))

function bucketOf(length: number, head: number, tail: number): number {
  return (length * 31 + (head | 32) * 7 + (tail | 32) * 3) & (BUCKETS - 1)
}

for (const [index, name] of bytes.entries()) {
  if (index === 0) continue
  const bucket = bucketOf(name.length, name[0]!, name[name.length - 1]!)
  next[index] = first[bucket]!
  first[bucket] = index
}

const UNDERSCORE = 95
const HYPHEN = 45

/**
 * What `fieldNumber` gives for a known field spelt with an underscore. Some servers read `Transfer_Encoding` as
 * `Transfer-Encoding`, so a proxy that passed it on would pass on what it must rule over: such fields are dropped.
 */
export const ALIAS = 255

/**
 * The number of the field whose name stands in `buffer[start, end)`, letter case ignored: 0 for one that is
 * not known, `ALIAS` for a known one spelt with underscores.
 */
export function fieldNumber(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start
  let index = first[bucketOf(length, buffer[start]!, buffer[end - 1]!)]!
  while (index !== -1) {
    const name = bytes[index]!
    if (name.length === length) {
      let at = 0
      let alias = false
      while (at < length) {
        const byte = buffer[start + at]!
        const wanted = name[at]!
        if ((byte | 32) !== wanted) {
          if (byte !== UNDERSCORE || wanted !== HYPHEN) break
          alias = true
        }
        at++
      }
      if (at === length) return alias ? ALIAS : index
    }
    index = next[index]!
  }
  return 0
}
