/** Ctrl-C arrives from the terminal and again from npm; a second one counts only after this. */
const sameKeyPressMs = 500

/** Ends this process, once what it has started is stopped. */
export interface Stopping {
  readonly started: boolean
  /** Stops and exits with `code`. Asked again a moment later, it exits without waiting. */
  exit(code: number): Promise<void>
}

/**
 * Runs `stop` and exits with 0 when a signal asks for it, or when the process that has started this one, and has a
 * channel to it, is gone.
 */
export function stopAndExitOnSignal(stop: () => Promise<void>): Stopping {
  let stopping: { readonly sinceMs: number; readonly done: Promise<void> } | undefined

  async function exit(code: number): Promise<void> {
    if (stopping && Date.now() - stopping.sinceMs > sameKeyPressMs) process.exit(1)
    stopping ??= { sinceMs: Date.now(), done: stop() }
    await stopping.done
    process.exit(code)
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void exit(0))
  process.on('disconnect', () => void exit(0))
  process.channel?.unref()
  return {
    get started() {
      return stopping !== undefined
    },
    exit,
  }
}
