import { setTimeout as wait } from 'node:timers/promises'

/**
 * Runs `sweep` again and again with `intervalMs` between one and the next, which keeps no process alive, until the
 * returned function is called; that one resolves when no sweep is under way.
 */
export function startSweeper(sweep: () => Promise<void>, intervalMs: number): () => Promise<void> {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    for (;;) {
      await wait(intervalMs, undefined, { signal: stopping.signal, ref: false })
      await sweep()
    }
  }
  const ended = loop().catch((error) => {
    if (!stopping.signal.aborted) throw error
  })
  return () => {
    stopping.abort()
    return ended
  }
}
