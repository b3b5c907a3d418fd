export type StopSignal = 'SIGTERM' | 'SIGINT'

/**
 * At the first of `signals`, runs `stop` and then ends the process: with 0, or with 1 when `stop` failed. A second
 * signal ends it at once. Returns a function that takes this back.
 */
export function onStopSignal(
  stop: () => Promise<void>,
  signals: readonly StopSignal[] = ['SIGTERM', 'SIGINT'],
): () => void {
  let stopping = false
  const listener = (): void => {
    if (stopping) process.exit(1)
    stopping = true
    stop().then(
      () => process.exit(0),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
