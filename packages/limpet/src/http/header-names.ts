/**
 * The header fields that a proxy must know by name. A field's number comes from its bytes without making a
 * string of them: most fields of a head are none of these and are copied unseen.
 */

/**
 * Numbers of the known fields; 0 is every other field. A literal, since V8 then folds each use into the code:
 * made from a list, it would be a hash look-up for each case of a switch, a microsecond for a head.
 */
export const FIELD = {
  host: 1,
  connection: 2,
  'content-length': 3,
  'transfer-encoding': 4,
  upgrade: 5,
  te: 6,
  trailer: 7,
  expect: 8,
  'keep-alive': 9,
  'proxy-connection': 10,
  via: 11,
  forwarded: 12,
  'x-forwarded-for': 13,
  'x-forwarded-proto': 14,
  'x-forwarded-host': 15,
  cookie: 16,
  authorization: 17,
  'cache-control': 18,
  'content-type': 19,
  'limpet-decision': 20,
  'limpet-epoch': 21,
  'http2-settings': 22,
  'set-cookie': 23,
  date: 24,
  'max-forwards': 25,
} as const

const names = ['', ...Object.keys(FIELD)]

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
