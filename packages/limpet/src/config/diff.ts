import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'

/** What is fixed for the life of the process: sockets, threads and the memory that they share. */
const fixedSettings: Readonly<Record<string, (config: Config) => unknown>> = {
  listen: (config) => config.listen,
  admin: (config) => config.admin,
  workers: (config) => config.workers,
  'keys.file': (config) => config.keys.file,
  'pins.capacity': (config) => config.pins.capacity,
  store: (config) => config.store,
}

/** The names of those settings. */
export const restartSettings: readonly string[] = Object.keys(fixedSettings)

/** The settings that differ between two configs and that only a restart applies, as the file names them. */
export function restartNeeded(before: Config, after: Config): string[] {
  return Object.entries(fixedSettings)
    .filter(([, read]) => !isDeepStrictEqual(read(before), read(after)))
    .map(([name]) => name)
}
