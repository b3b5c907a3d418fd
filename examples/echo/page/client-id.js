/** @typedef {Pick<Crypto, 'getRandomValues'> & Partial<Pick<Crypto, 'randomUUID'>>} RandomSource */

/**
 * A new UUID (version 4, RFC 9562 §5.4). `crypto.randomUUID` is only there for pages of HTTPS and of this machine.
 */
export function newClientId(from = /** @type {RandomSource} */ (crypto)) {
  if (from.randomUUID !== undefined) return from.randomUUID()
  const bytes = from.getRandomValues(new Uint8Array(16))
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  // The version, and one of the four digits that stand for the variant.
  const variant = '89ab'[(bytes[8] ?? 0) & 3]
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, `$1-$2-4$3-${variant}$4-$5`)
}
