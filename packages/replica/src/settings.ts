import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SettingsError } from './errors.ts'

/** What the three environment variables of SageMaker's stateful sessions say. */
export interface Settings {
  /** `SAGEMAKER_ENABLE_STATEFUL_SESSIONS`: `true` or `1`; off by default. */
  readonly enabled: boolean
  /** `SAGEMAKER_SESSIONS_EXPIRATION`, there in seconds; 20 minutes by default. */
  readonly lifeMs: number
  /** `SAGEMAKER_SESSIONS_PATH`; by default a folder in shared memory, else one among the temporary files. */
  readonly path: string
}

const defaultLifeSeconds = 1200
const sharedMemory = '/dev/shm'
const folderName = 'sagemaker_sessions'

/**
 * Reads the settings from environment variables. An empty variable counts as unset.
 * @throws {SettingsError} when a value can't be used, so that a misspelt number doesn't pass for the default
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const enabled = /^(true|1)$/i.test(environment.SAGEMAKER_ENABLE_STATEFUL_SESSIONS?.trim() ?? '')
  const seconds = Number(environment.SAGEMAKER_SESSIONS_EXPIRATION || defaultLifeSeconds)
  if (!Number.isInteger(seconds) || seconds <= 0) {
    throw new SettingsError('SAGEMAKER_SESSIONS_EXPIRATION must be a whole number of seconds above 0.')
  }
  return { enabled, lifeMs: seconds * 1000, path: environment.SAGEMAKER_SESSIONS_PATH || defaultPath() }
}

function defaultPath(): string {
  try {
    accessSync(sharedMemory, constants.R_OK | constants.W_OK)
    return join(sharedMemory, folderName)
  } catch {
    return join(tmpdir(), folderName)
  }
}
