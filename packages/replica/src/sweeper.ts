import { setTimeout as wait } from 'node:timers/promises'

/**
 * Runs `sweep` again and again with `intervalMs` between one and the next, which keeps no process alive, until the
 * returned function is called: it tells a sweep that is under way to end, and resolves when it has.
 */
export function startSweeper(
  sweep: (signal: AbortSignal) => Promise<void>,
  intervalMs: number,
): () => Promise<void> {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    for (;;) {
      await wait(intervalMs, undefined, { signal: stopping.signal, ref: false })
      await sweep(stopping.signal)
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
