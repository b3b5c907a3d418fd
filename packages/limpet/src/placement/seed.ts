const fnvOffset = 0xcbf29ce484222325n
const fnvPrime = 0x100000001b3n
const word64 = 0xffffffffffffffffn
const utf8 = new TextEncoder()

/**
 * The two words by which placement knows a replica's name: high word, then low word of
 * fmix64(FNV-1a-64(UTF-8 bytes of the name)). FNV-1a alone leaves similar names with similar high bits;
 * MurmurHash3's 64-bit finaliser spreads them and, being a bijection, adds no collision.
 *
 * Routers of different versions must agree, so this never changes: `seed.test.ts` holds vectors.
 * Unkeyed, hence not for anything that a client sees. Allocates; call it once per replica, not per request.
 * FNV: draft-eastlake-fnv.
 */
export function seedOf(name: string): Uint32Array {
  let hash = fnvOffset
  for (const byte of utf8.encode(name)) hash = ((hash ^ BigInt(byte)) * fnvPrime) & word64
  hash = ((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn) & word64
  hash = ((hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n) & word64
  hash ^= hash >> 33n
  return Uint32Array.of(Number(hash >> 32n), Number(hash & 0xffffffffn))
}
