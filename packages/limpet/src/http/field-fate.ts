import { ALIAS, FIELD } from './header-names.ts'

/** What a forwarder does with a field, by its number. */
export const KEEP = 0
export const DROP = 1
/** What becomes of it depends on the message. */
export const DEPENDS = 2

/** Fields of one hop (RFC 9110 §7.6.1), our own, and look-alikes of known ones: dropped in both directions. */
const HOP_FIELDS = [
  FIELD.connection,
  FIELD['keep-alive'],
  FIELD['proxy-connection'],
  FIELD.te,
  FIELD.upgrade,
  FIELD['http2-settings'],
  FIELD['limpet-decision'],
  FIELD['limpet-epoch'],
  ALIAS,
]

/** The fate of every field number, in a direction where those of `depending` are looked at one by one. */
export function fieldFates(depending: readonly number[]): Uint8Array {
  const fates = new Uint8Array(256).fill(KEEP)
  for (const number of HOP_FIELDS) fates[number] = DROP
  for (const number of depending) fates[number] = DEPENDS
  return fates
}
