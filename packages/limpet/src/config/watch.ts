import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { LimpetError } from '../errors.ts'
import { parseConfig, readConfigFile } from './load.ts'
import type { Config } from './schema.ts'

export interface WatchOptions {
  /** Ends the watch; its timers and watchers end with it. */
  readonly signal: AbortSignal
  /** The config in use, as `loadConfig` returned it. Without it, the first one that is read counts as in use. */
  readonly current?: Config
  /** The file now holds another config: another in meaning, not only in its comments. */
  readonly onChange: (config: Config) => void
  /** The file can't be used, and says so once until it changes. The config in use stays in use. */
  readonly onFault: (error: LimpetError) => void
  /** How often the file is read even when no event announced a change. */
  readonly pollMs?: number
}

export interface ConfigWatch {
  /** Reads the file now, and reports a fault even when it was reported before. */
  reload(): Promise<'changed' | 'same' | 'fault'>
}

/** How long a change must stay as it is before it counts, since many programs write a file in several steps. */
const settleMs = 100

type Reading = { readonly text: string } | { readonly error: LimpetError }

/**
 * Watches the config file at `path`. The folder is watched rather than the file, because editors replace the
 * file and Kubernetes swaps a link beside it; reading every `pollMs` covers what no event tells, such as a
 * link to another folder or a network file system.
 */
export function watchConfig(path: string, options: WatchOptions): ConfigWatch {
  const { signal, onChange, onFault, pollMs = 2000 } = options
  let inUse = options.current
  let seen: string | undefined
  let reloads = 0

  const report = (reading: Reading): 'changed' | 'same' | 'fault' => {
    if (signal.aborted) return 'same'
    seen = identity(reading)
    const config = 'text' in reading ? parse(reading.text, path) : reading.error
    if (config instanceof LimpetError) {
      onFault(config)
      return 'fault'
    }
    const changed = inUse !== undefined && !isDeepStrictEqual(config, inUse)
    inUse = config
    if (changed) onChange(config)
    return changed ? 'changed' : 'same'
  }
  /** Reads until two readings agree. A reload meanwhile has read later and ends it. */
  const look = async (): Promise<void> => {
    const reloadsBefore = reloads
    let before: string | undefined
    while (!signal.aborted) {
      const reading = await read(path)
      const found = identity(reading)
      if (reloads !== reloadsBefore || found === seen) return
      if (found === before) report(reading)
      before = found
      await sleep(settleMs, undefined, { signal }).catch(() => undefined)
    }
  }
  // One look at a time; events that come during one lead to one more.
  let looking = false
  let again = false
  const lookSoon = async (): Promise<void> => {
    again = true
    if (looking) return
    looking = true
    while (again && !signal.aborted) {
      again = false
      await look()
      // Other files of the folder, such as a log, may change all the time.
      if (again) await sleep(settleMs, undefined, { signal }).catch(() => undefined)
    }
    looking = false
  }

  const watcher = watchFolder(dirname(path), lookSoon)
  const poll = setInterval(lookSoon, pollMs)
  const end = (): void => {
    clearInterval(poll)
    watcher?.close()
  }
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  lookSoon()
  return {
    async reload() {
      reloads++
      return report(await read(path))
    },
  }
}

function identity(reading: Reading): string {
  return 'text' in reading ? `text ${reading.text}` : `error ${reading.error.message}`
}

async function read(path: string): Promise<Reading> {
  try {
    return { text: await readConfigFile(path) }
  } catch (error) {
    if (error instanceof LimpetError) return { error }
    throw error
  }
}

function parse(text: string, path: string): Config | LimpetError {
  try {
    return parseConfig(text, path)
  } catch (error) {
    if (error instanceof LimpetError) return error
    throw error
  }
}

function watchFolder(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onEvent)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // No inotify instances left, or a file system without events: the poll still sees every change.
    return undefined
  }
}
