/**
 * Resolves at the first signal to stop; a second one ends the process. The same listener waits for both, so that
 * the process is at no moment without one, when the system would end it in its own way.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) process.exit(130)
      told = true
      resolve(signal)
    }
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal)
  })
}
