import { createHmac, timingSafeEqual } from 'node:crypto'
import { findKey, type Keyring, type KeyringKey, keyOf } from './keyring.ts'
import { RecentTexts } from './recent-texts.ts'

/** What a suffix says of the session whose id it follows. */
export interface SuffixClaim {
  /** What the session belongs to, as `scopeTag` gives it: 32 bits as 8 lower-case hex digits. */
  readonly scope: string
  /** The replica that made it, as `replicaTag` gives it: 12 lower-case hex digits. */
  readonly replicaTag: string
  /** Kept to the second, rounded up. */
  readonly expiresAtMs: number
}

/** What became of an id that a client sent. `plain`: it has no suffix; `forged` covers damage. */
export type OpenedId =
  | { readonly status: 'valid'; readonly id: string; readonly claim: SuffixClaim; readonly keyId: number }
  | { readonly status: 'plain' | 'unknown-key' | 'forged' }

/** Takes the suffix off an id and checks it. */
export type IdReader = (text: string) => OpenedId

/**
 * The layout, big-endian: version (1 byte), key id (1), scope (4), replica tag (6), expires (4, seconds since
 * 1970), MAC (16). The MAC is the first half of HMAC-SHA256 over the 16 bytes before it and the id; as their
 * number is fixed, no two (suffix, id) pairs give one input. Hexadecimal and in lower case, so that an id of
 * letters, digits and hyphens stays one, and so that there is no second spelling.
 */
const at = { version: 0, keyId: 1, scope: 2, tag: 6, expires: 12, mac: 16 } as const
const macBytes = 16
const suffixBytes = at.mac + macBytes
const version = 1
/** What scope tags are made of begins with this and not with a version, so that no tag is the MAC of a suffix. */
const scopeMark = 0

/** What sealing adds to an id: a hyphen and 64 hex digits. */
export const suffixLength = 1 + suffixBytes * 2

const plain: OpenedId = { status: 'plain' }
const unknownKey: OpenedId = { status: 'unknown-key' }
const forged: OpenedId = { status: 'forged' }

/**
 * Names what a session belongs to (a service, and what it is called on the wire), as 8 hex digits. Throws
 * RangeError when the ring has no key `keyId`.
 */
export function scopeTag(keyring: Keyring, keyId: number, service: string, name: string): string {
  const text = JSON.stringify([service, name])
  return createHmac('sha256', keyOf(keyring, keyId).idKey)
    .update(Uint8Array.of(scopeMark))
    .update(text)
    .digest()
    .toString('hex', 0, 4)
}

/** The id that a client gets for a replica's session `id` (Latin-1), signed with the ring's first key. */
export function sealId(keyring: Keyring, id: string, claim: SuffixClaim): string {
  const [signer] = keyring.keys
  const bytes = Buffer.alloc(suffixBytes)
  bytes[at.version] = version
  bytes[at.keyId] = signer.id
  bytes.write(claim.scope, at.scope, 4, 'hex')
  bytes.write(claim.replicaTag, at.tag, 6, 'hex')
  bytes.writeUInt32BE(Math.min(Math.max(Math.ceil(claim.expiresAtMs / 1000), 0), 0xffffffff), at.expires)
  bytes.set(suffixMac(signer, bytes, id), at.mac)
  return `${id}-${bytes.toString('hex')}`
}

function suffixMac({ idKey }: KeyringKey, bytes: Uint8Array, id: string): Uint8Array {
  return createHmac('sha256', idKey)
    .update(bytes.subarray(0, at.mac))
    .update(id, 'latin1')
    .digest()
    .subarray(0, macBytes)
}

const suffixed = new RegExp(`^(.+)-([0-9a-f]{${suffixBytes * 2}})$`, 's')

/** Takes the suffix off an id and checks it. The caller bounds its length. */
export function openId(keyring: Keyring, text: string): OpenedId {
  const [, id, hex] = suffixed.exec(text) ?? []
  if (id === undefined || hex === undefined) return plain
  const bytes = Buffer.from(hex, 'hex')
  if (bytes[at.version] !== version) return plain
  const keyId = bytes[at.keyId]!
  const key = findKey(keyring, keyId)
  if (key === undefined) return unknownKey
  if (!timingSafeEqual(suffixMac(key, bytes, id), bytes.subarray(at.mac))) return forged
  const claim: SuffixClaim = {
    scope: bytes.toString('hex', at.scope, at.tag),
    replicaTag: bytes.toString('hex', at.tag, at.expires),
    expiresAtMs: bytes.readUInt32BE(at.expires) * 1000,
  }
  return { status: 'valid', id, claim, keyId }
}

/** A reader of ids that remembers those it verified. The caller bounds their length. */
export function createIdReader(keyring: Keyring): IdReader {
  const verified = new RecentTexts<OpenedId>()
  return (text) => {
    const known = verified.get(text)
    if (known !== undefined) return known
    const opened = openId(keyring, text)
    if (opened.status === 'valid') verified.keep(text, opened)
    return opened
  }
}
