/** What all threads know of the store, and count of it, in memory that they share. */
export const storeWord = {
  /** 1 while the store can be asked. */
  up: 0,
  /** Lookups that were not made, since the store was down or too many were under way. */
  skipped: 1,
  /** Lookups that were given up. */
  timedOut: 2,
} as const

export function createStoreState(): SharedArrayBuffer {
  return new SharedArrayBuffer(12)
}
