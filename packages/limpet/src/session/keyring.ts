import { hkdfSync, randomBytes } from 'node:crypto'
import { LimpetError } from '../errors.ts'

/** A secret as the operator gives it. */
export interface KeyringSecret {
  /** 0 to 255; carried by what the secret signs, so that the right one verifies it. */
  readonly id: number
  /** At least 16 bytes. */
  readonly secret: Uint8Array
}

/** The subkeys of one secret, 32 bytes each: HKDF-SHA256 (RFC 5869) with the purpose as its `info`. */
export interface KeyringKey {
  readonly id: number
  /** Keys the MAC of routing claims. */
  readonly claimKey: Uint8Array
  /** Keys the tags that name replicas to clients. */
  readonly tagKey: Uint8Array
  /** Keys what is added to the ids that replicas give to sessions. */
  readonly idKey: Uint8Array
}

/** Keys for everything Limpet signs or hashes. Plain data: it can be sent to worker threads. */
export interface Keyring {
  /** The first signs, all verify. Never empty. */
  readonly keys: readonly [KeyringKey, ...KeyringKey[]]
  /** 16 bytes: key the hashes of sessions, in the pin table and for placement. */
  readonly hashKey: Uint8Array
}

/** The ring's key of this id; undefined where it has none. */
export function findKey({ keys }: Keyring, keyId: number): KeyringKey | undefined {
  return keys.find(({ id }) => id === keyId)
}

/** The same for ids that must be there. Throws RangeError where the ring has no such key. */
export function keyOf(keyring: Keyring, keyId: number): KeyringKey {
  const key = findKey(keyring, keyId)
  if (key === undefined) throw new RangeError(`The key ring has no key ${keyId}.`)
  return key
}

const minSecretBytes = 16

const howTo =
  'Write the keys as id:secret, comma- or newline-separated, the signing key first: id is 0 to 255 or "hash", ' +
  'the secret at least 16 random bytes in base64url.'

function fault(message: string): LimpetError {
  return new LimpetError('LIMPET_KEYS', `${message} ${howTo}`)
}

/** HKDF-SHA256 of `secret` for one purpose. */
function derive(secret: Uint8Array, purpose: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `limpet/v1/${purpose}`, bytes))
}

/**
 * Makes a key ring: the first of `secrets` signs, all verify. `hashSecret` keys session hashes; without one the
 * last secret does, so adding a new signing key in front moves no session. Throws LimpetError `LIMPET_KEYS` for
 * no secret, a short one, or an id that is out of range or repeated; no message shows a secret.
 */
export function createKeyring(secrets: readonly KeyringSecret[], hashSecret?: Uint8Array): Keyring {
  const ids = new Set<number>()
  const keys = secrets.map(({ id, secret }, index): KeyringKey => {
    const place = `Key ${index + 1}`
    if (!Number.isInteger(id) || id < 0 || id > 255) throw fault(`${place} has an id outside 0 to 255.`)
    if (ids.has(id)) throw fault(`${place} repeats the id ${id}.`)
    if (secret.length < minSecretBytes) throw fault(`${place} (id ${id}) is ${secret.length} bytes long.`)
    ids.add(id)
    return {
      id,
      claimKey: derive(secret, 'claim-mac', 32),
      tagKey: derive(secret, 'replica-tag', 32),
      idKey: derive(secret, 'id-suffix', 32),
    }
  })
  const [signer, ...others] = keys
  if (signer === undefined) throw fault('There is no signing key.')
  if (hashSecret !== undefined && hashSecret.length < minSecretBytes) {
    throw fault(`The hash key is ${hashSecret.length} bytes long.`)
  }
  const hashKey = derive(hashSecret ?? secrets.at(-1)!.secret, 'session-hash', 16)
  return { keys: [signer, ...others], hashKey }
}

/** The bytes of canonical, unpadded base64url (RFC 4648 section 5), else undefined. */
function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/**
 * Reads a key ring: `id:base64url` entries separated by commas or line ends, `#` starting a comment that runs to
 * the end of its line, one entry named `hash` at most. Throws LimpetError `LIMPET_KEYS`, which tells the place
 * of the fault and never shows the text.
 */
export function parseKeyring(text: string): Keyring {
  const secrets: KeyringSecret[] = []
  let hashSecret: Uint8Array | undefined
  const entries = text
    .split(/\r\n|\n|\r/)
    .flatMap((line) => line.replace(/#.*/, '').split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  for (const [index, entry] of entries.entries()) {
    const place = `Entry ${index + 1}`
    const colon = entry.indexOf(':')
    const name = entry.slice(0, colon)
    if (colon < 0 || !/^(hash|\d{1,3})$/.test(name))
      throw fault(`${place} does not start with an id and a colon.`)
    const secret = fromBase64url(entry.slice(colon + 1))
    if (secret === undefined) throw fault(`The secret of entry ${index + 1} is not unpadded base64url.`)
    if (name !== 'hash') secrets.push({ id: Number(name), secret })
    else if (hashSecret === undefined) hashSecret = secret
    else throw fault(`${place} is a second hash key.`)
  }
  return createKeyring(secrets, hashSecret)
}

/** The text of a new key ring, with random 32-byte keys and comments on how to change them. */
export function generateKeyringText(): string {
  const secret = (): string => randomBytes(32).toString('base64url')
  return [
    '# Keys of a Limpet router. Every router of one service needs the same; keep this file private.',
    '# To replace the signing key, put a new line with another id before it, and remove the old line',
    '# once every session that it signed has expired. A new hash key makes routers forget their pins.',
    `0:${secret()}`,
    `hash:${secret()}`,
    '',
  ].join('\n')
}
