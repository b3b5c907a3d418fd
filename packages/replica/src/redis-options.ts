/** How every connection to Redis is made: a call fails at once while there is none, and one that is dead is noticed. */
export function redisOptions(url: string, timeoutMs: number) {
  return {
    url,
    disableOfflineQueue: true,
    // A connection that a network has dropped without a word is noticed.
    pingInterval: timeoutMs,
    socket: { connectTimeout: timeoutMs, socketTimeout: 3 * timeoutMs },
  }
}

/** Whether Redis refused a change since its memory is full. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('OOM')
}
