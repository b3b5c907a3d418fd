import { pino } from 'pino'
import { configFromInput, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { watchConfig } from '../config/watch.ts'
import { LimpetError } from '../errors.ts'
import { Supervisor } from '../process/supervisor.ts'
import { applyOverrides, type ConfigOverrides, parseServeFlags, serveHelp } from './flags.ts'
import { stopSignal } from './stop-signal.ts'

/** `limpet serve`: routes until it is told to stop. Resolves to the exit code. */
export async function serve(argv: readonly string[]): Promise<number> {
  const flags = parseServeFlags(argv)
  if (flags.kind === 'help') {
    process.stdout.write(serveHelp)
    return 0
  }
  if (flags.kind === 'faults') {
    for (const fault of flags.faults) process.stderr.write(`limpet serve: ${fault}\n`)
    return 2
  }
  try {
    if (flags.kind === 'flags') return await run(configFromInput(flags.input))
    const { configPath, overrides } = flags
    return await run(await loadConfig(configPath), { path: configPath, overrides })
  } catch (error) {
    if (!(error instanceof LimpetError)) throw error
    process.stderr.write(`${error.code === 'LIMPET_CONFIG' ? '' : 'limpet: '}${error.message}\n`)
    return 1
  }
}

interface ConfigSource {
  readonly path: string
  readonly overrides: ConfigOverrides
}

async function run(config: Config, source?: ConfigSource): Promise<number> {
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const override = (next: Config): Config =>
    source === undefined ? next : applyOverrides(next, source.overrides)
  const supervisor = new Supervisor(override(config), log)
  await supervisor.start()
  const end = new AbortController()
  if (source !== undefined) {
    const watch = watchConfig(source.path, {
      signal: end.signal,
      current: config,
      onChange: (next) => {
        supervisor.reload(override(next)).catch((error: Error) => {
          log.error({ reason: error.message }, 'the new config was refused; the old one stays in force')
        })
      },
      onFault: (error) =>
        log.error(
          { faults: error.message.split('\n') },
          'the new config was refused; the old one stays in force',
        ),
    })
    process.on('SIGHUP', () => void watch.reload())
  } else {
    process.on('SIGHUP', () =>
      log.warn('SIGHUP reloads a config file; this router was started with flags alone'),
    )
  }
  const signal = await stopSignal()
  log.info({ signal }, 'stopping: requests under way may end; a second signal ends them at once')
  end.abort()
  await supervisor.close()
  log.info('stopped')
  return 0
}
