import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ConfigError, StartError } from '../errors.ts'
import { describeIssue, faultsOf, type PathFault, pathName } from './issue-message.ts'
import { socketPathFault, withAbsoluteSocket } from './replica-schema.ts'
import {
  type Config,
  type ConfigInput,
  configSchema,
  type SagemakerConfig,
  type StoreConfig,
} from './schema.ts'
import { maxConfigBytes, readYaml } from './yaml-file.ts'

/**
 * The config that the YAML `text` holds. Relative paths in it start at the folder of `fileName`.
 *
 * @throws {ConfigError} with every fault and its place in the file
 */
export function parseConfig(text: string, fileName: string): Config {
  const yaml = readYaml(text, fileName)
  if (!('value' in yaml)) throw new ConfigError(yaml)
  if (yaml.value === null) {
    const message = 'the file is empty: it needs at least services, with a name and replicas'
    throw new ConfigError([{ file: fileName, line: 1, column: 1, message }])
  }
  const result = withAbsolutePaths(checkInput(yaml.value, 'command'), dirname(fileName))
  if ('config' in result) return result.config
  const placed = result.faults.map((fault) => ({
    file: fileName,
    ...yaml.placeOf(fault),
    message: `${pathName(fault.path)} ${fault.message}`,
  }))
  throw new ConfigError(placed.sort((a, b) => a.line - b.line || a.column - b.column))
}

/**
 * Reads and parses the config file at `path`.
 *
 * @throws {ConfigError} as `parseConfig`
 * @throws {StartError} `LIMPET_CONFIG_FILE` when the file can't be read
 */
export async function loadConfig(path: string): Promise<Config> {
  return parseConfig(await readConfigFile(path), path)
}

/**
 * The config that `input` describes, for the library. Relative paths start at the working directory.
 *
 * @throws {ConfigError} with every fault; each message begins with the path of the option
 */
export function configFromInput(input: ConfigInput): Config {
  const result = withAbsolutePaths(checkInput(input, 'library'), '.')
  if ('config' in result) return result.config
  const faults = result.faults.map(({ path, message }) => `${pathName(path)} ${message}`)
  const error = new ConfigError(faults.map((message) => ({ file: 'options', line: 1, column: 1, message })))
  // Options have no lines: their paths say where the faults are.
  error.message = faults.join('\n')
  throw error
}

type Checked = { config: Config } | { faults: readonly PathFault[] }

/** The parsed config, or what is wrong with `input`. Only the library can serve without worker threads. */
export function checkInput(input: unknown, user: 'command' | 'library'): Checked {
  const result = configSchema.safeParse(input, { error: describeIssue, reportInput: true })
  if (!result.success) return { faults: faultsOf(result.error.issues) }
  if (user === 'library' || result.data.workers > 0) return { config: result.data }
  const message = 'must be at least 1: only the library can serve without worker threads'
  return { faults: [{ path: ['workers'], message, at: 'value' }] }
}

/**
 * The text of a config file.
 *
 * @throws {StartError} `LIMPET_CONFIG_FILE` when it is absent, unreadable, too large or not UTF-8
 */
export async function readConfigFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maxConfigBytes) throw unreadable(path, `is larger than ${maxConfigBytes} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof StartError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw unreadable(path, 'does not exist', error)
    if (code === 'EISDIR') throw unreadable(path, 'is a folder', error)
    if (code === 'EACCES') throw unreadable(path, 'may not be read by this user', error)
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw unreadable(path, 'is not UTF-8 text', error)
    throw unreadable(path, `can't be read: ${message}`, error)
  }
}

function unreadable(path: string, why: string, cause?: unknown): StartError {
  return new StartError('LIMPET_CONFIG_FILE', `The config file ${path} ${why}.`, { cause })
}

function withAbsolutePaths(checked: Checked, folder: string): Checked {
  if ('faults' in checked) return checked
  const config = absolutePaths(checked.config, folder)
  // Only now is it known how long they are.
  const faults = config.services.flatMap(({ replicas }, service) =>
    replicas.flatMap((replica, at): PathFault[] => {
      const message = socketPathFault(replica)
      return message === undefined
        ? []
        : [{ path: ['services', service, 'replicas', at], message, at: 'value' }]
    }),
  )
  return faults.length === 0 ? { config } : { faults }
}

function absolutePaths(config: Config, folder: string): Config {
  const services = config.services.map((service) => ({
    ...service,
    replicas: service.replicas.map((replica) => withAbsoluteSocket(replica, folder)),
    sagemaker: service.sagemaker && withAbsoluteKeys(service.sagemaker, folder),
    session: service.session.map((source) =>
      source.kind === 'module' ? { ...source, path: resolve(folder, source.path) } : source,
    ),
  }))
  const keysFile = config.keys.file === undefined ? undefined : resolve(folder, config.keys.file)
  const store = config.store && withAbsoluteStorePaths(config.store, folder)
  return { ...config, keys: { file: keysFile }, store, services }
}

/** Every path of a store, from `folder` on. */
export function withAbsoluteStorePaths(store: StoreConfig, folder: string): StoreConfig {
  const { location, passwordFile, caFile } = store
  return {
    ...store,
    location: location.kind === 'sqlite' ? { ...location, path: resolve(folder, location.path) } : location,
    passwordFile: passwordFile && resolve(folder, passwordFile),
    caFile: caFile && resolve(folder, caFile),
  }
}

function withAbsoluteKeys(sagemaker: SagemakerConfig, folder: string): SagemakerConfig {
  const { signature } = sagemaker
  if (signature?.accessKeys === undefined) return sagemaker
  return { ...sagemaker, signature: { ...signature, accessKeys: resolve(folder, signature.accessKeys) } }
}
