import { SettingsError } from './errors.ts'

/** How much session state a replica takes. */
export interface Limits {
  /** Bytes of one value; a JSON value counts as written. */
  readonly valueBytes: number
  /** Bytes of all values of one session. */
  readonly sessionBytes: number
  /** Bytes of all values of all sessions that this replica knows of. */
  readonly totalBytes: number
  /** Sessions that this replica knows of: with a file store all on its path, with a shared store those it has served. */
  readonly sessions: number
}

const MiB = 1024 * 1024

export const defaultLimits: Limits = {
  valueBytes: 512 * MiB,
  sessionBytes: 1024 * MiB,
  totalBytes: 8 * 1024 * MiB,
  sessions: 1000,
}

/** @throws {SettingsError} for a limit that is not a whole number above 0 */
export function limitsOf(wanted: Partial<Limits> = {}): Limits {
  const limits = { ...defaultLimits, ...wanted }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new SettingsError(`limits.${name} must be a whole number above 0.`)
    }
  }
  return limits
}
