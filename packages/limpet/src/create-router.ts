import { type Logger, pino } from 'pino'
import { configFromInput } from './config/load.ts'
import type { ConfigInput } from './config/schema.ts'
import { type Started, Supervisor, type SupervisorOptions } from './process/supervisor.ts'

/** Options of `createRouter`: the config, as a file would hold it, and what only a program can give. */
export interface RouterOptions extends ConfigInput, Pick<SupervisorOptions, 'channel'> {
  /** A pino logger to write to. By default one on standard output at `log.level`. */
  readonly logger?: Logger
}

/** A router in this program. */
export interface LimpetRouter {
  /**
   * Starts serving and resolves to where. Rejects with `StartError` (`LIMPET_LISTEN_IN_USE` and others), and
   * nothing is left running then.
   */
  start(): Promise<Started>
  /** Puts new options in force without dropping a connection; rejects, and the old ones stay, where that fails. */
  reload(options: ConfigInput): Promise<void>
  /** Stops accepting, lets requests end within `deadlineMs` (default: `timeouts.shutdown`), then ends everything. */
  close(deadlineMs?: number): Promise<void>
}

/**
 * Makes a router. `workers` is 0 by default where a session source is a function, since functions can't go to
 * other threads; the router then serves in the calling one. Throws `ConfigError` for options that can't be used,
 * `LimpetError` and `StartError` for keys that can't be had.
 */
export function createRouter(options: RouterOptions): LimpetRouter {
  const { logger, channel, ...input } = options
  const config = configFromInput(withWorkers(input))
  const supervisor = new Supervisor(config, logger ?? pino({ level: config.log.level }), { channel })
  return {
    start: () => supervisor.start(),
    reload: async (next) => supervisor.reload(configFromInput(withWorkers(next))),
    close: (deadlineMs) => supervisor.close(deadlineMs),
  }
}

function withWorkers(input: ConfigInput): ConfigInput {
  if (input.workers !== undefined) return input
  const hasFunction = input.services?.some(({ session }) =>
    [session].flat().some((source) => typeof source === 'function'),
  )
  return hasFunction ? { ...input, workers: 0 } : input
}
