import { createHmac, timingSafeEqual } from 'node:crypto'
import { findKey, type Keyring, keyOf } from './keyring.ts'
import { RecentTexts } from './recent-texts.ts'

/** What a client carries to be routed home: which replica holds its session, since when and until when. */
export interface RoutingClaim {
  /** 8 random bytes as 16 lower-case hex digits. */
  readonly sessionId: string
  /** The replica's name as `replicaTag` gives it: 48 bits as 12 lower-case hex digits. */
  readonly replicaTag: string
  /** Kept to the second, rounded down. */
  readonly issuedAtMs: number
  /** Kept to the second, rounded up. */
  readonly expiresAtMs: number
  /** 0 to 65535; grows each time the session is re-homed. */
  readonly epoch: number
}

/** What became of a text that a client sent. `forged` covers damage and another service's claim. */
export type OpenedClaim = VerifiedClaim | { readonly status: 'forged' | 'unknown-key' | 'malformed' }

/** A claim whose MAC is right. */
interface VerifiedClaim {
  readonly status: 'valid' | 'expired'
  readonly claim: RoutingClaim
  readonly keyId: number
}

/** Opens what clients of one service sent; see `createClaimReader`. */
export type ClaimReader = (text: string, nowMs: number) => OpenedClaim

/**
 * The layout, big-endian: version (1 byte), key id (1), replica tag (6), issued and expires (4 each, seconds since
 * 1970), epoch (2), session id (8), MAC (16). The MAC is the first half of HMAC-SHA256 over the service's name in
 * UTF-8 and the 26 bytes before it; as their number is fixed, no two (service, claim) pairs give one input.
 * 42 bytes are exactly 56 base64url letters: no spare bits, so no second spelling.
 */
const at = {
  version: 0,
  keyId: 1,
  tag: 2,
  issued: 8,
  expires: 12,
  epoch: 16,
  sessionId: 18,
  mac: 26,
} as const
const claimBytes = 42
const macBytes = 16
const version = 1

/** The letters of a sealed claim, always. */
export const claimLength = 56

const malformed: OpenedClaim = { status: 'malformed' }
const forged: OpenedClaim = { status: 'forged' }
const unknownKey: OpenedClaim = { status: 'unknown-key' }

function seconds(value: number): number {
  return Math.min(Math.max(value, 0), 0xffffffff)
}

function claimMac(key: Uint8Array, service: string, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key)
    .update(service, 'utf8')
    .update(bytes.subarray(0, at.mac))
    .digest()
    .subarray(0, macBytes)
}

/**
 * Names a replica to clients: 48 bits of a keyed hash of (service, replica's stable name), as 12 hex digits. It
 * shows neither the name nor an address, and differs by key and by service. Throws RangeError when the ring
 * has no key `keyId`.
 */
export function replicaTag(keyring: Keyring, keyId: number, service: string, replicaName: string): string {
  const { tagKey } = keyOf(keyring, keyId)
  const serviceBytes = Buffer.from(service, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(serviceBytes.length)
  const digest = createHmac('sha256', tagKey)
    .update(length)
    .update(serviceBytes)
    .update(replicaName, 'utf8')
    .digest()
  return digest.toString('hex', 0, 6)
}

/** Signs a claim with the ring's first key: 56 base64url letters, fit for a cookie or a header. */
export function sealClaim(keyring: Keyring, service: string, claim: RoutingClaim): string {
  const [signer] = keyring.keys
  const bytes = Buffer.alloc(claimBytes)
  bytes[at.version] = version
  bytes[at.keyId] = signer.id
  bytes.write(claim.replicaTag, at.tag, 6, 'hex')
  bytes.writeUInt32BE(seconds(Math.floor(claim.issuedAtMs / 1000)), at.issued)
  bytes.writeUInt32BE(seconds(Math.ceil(claim.expiresAtMs / 1000)), at.expires)
  bytes.writeUInt16BE(claim.epoch, at.epoch)
  bytes.write(claim.sessionId, at.sessionId, 8, 'hex')
  bytes.set(claimMac(signer.claimKey, service, bytes), at.mac)
  return bytes.toString('base64url')
}

/**
 * Checks a text that a client sent, in bounded work: any but 56 letters is malformed unread.
 */
export function openClaim(keyring: Keyring, service: string, text: string, nowMs: number): OpenedClaim {
  return atTime(verify(keyring, service, text), nowMs)
}

function atTime(opened: OpenedClaim, nowMs: number): OpenedClaim {
  return 'claim' in opened && nowMs >= opened.claim.expiresAtMs ? { ...opened, status: 'expired' } : opened
}

const base64urlClaim = /^[A-Za-z0-9_-]{56}$/

function verify(keyring: Keyring, service: string, text: string): OpenedClaim {
  if (text.length !== claimLength || !base64urlClaim.test(text)) return malformed
  const bytes = Buffer.from(text, 'base64url')
  if (bytes[at.version] !== version) return malformed
  const keyId = bytes[at.keyId]!
  const key = findKey(keyring, keyId)
  if (key === undefined) return unknownKey
  if (!timingSafeEqual(claimMac(key.claimKey, service, bytes), bytes.subarray(at.mac))) return forged
  const claim: RoutingClaim = {
    sessionId: bytes.toString('hex', at.sessionId, at.sessionId + 8),
    replicaTag: bytes.toString('hex', at.tag, at.tag + 6),
    issuedAtMs: bytes.readUInt32BE(at.issued) * 1000,
    expiresAtMs: bytes.readUInt32BE(at.expires) * 1000,
    epoch: bytes.readUInt16BE(at.epoch),
  }
  return { status: 'valid', claim, keyId }
}

/** `openClaim` for one service that remembers the texts it verified; expiry is checked on each use. */
export function createClaimReader(keyring: Keyring, service: string, generationSize?: number): ClaimReader {
  const verified = new RecentTexts<VerifiedClaim>(generationSize)
  return (text, nowMs) => {
    if (text.length !== claimLength) return malformed
    let opened = verified.get(text)
    if (opened === undefined) {
      const found = verify(keyring, service, text)
      if (!('claim' in found)) return found
      opened = found
      if (nowMs < opened.claim.expiresAtMs) verified.keep(text, opened)
    }
    return atTime(opened, nowMs)
  }
}
