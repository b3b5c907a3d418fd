import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { LimpetError, StartError } from '../errors.ts'
import { generateKeyringText, type Keyring, parseKeyring } from '../session/keyring.ts'

/** Where keys may come from. */
export interface LoadKeyringOptions {
  /** `keys.file` of the config. */
  readonly file?: string
  /** Default: the process's environment. */
  readonly env?: NodeJS.ProcessEnv
}

/** A key ring and where it came from. */
export interface LoadedKeyring {
  readonly keyring: Keyring
  readonly origin: 'file' | 'env' | 'generated'
  /** The file, when one was read. */
  readonly path?: string
  /** For the operator's log: the file is in use but open to other users. */
  readonly warning?: string
}

/**
 * Loads the router's keys: from `file`, else from `LIMPET_KEYS` in the environment (empty counts as unset), else
 * from a file that the first start makes and later ones read: `$XDG_STATE_HOME/limpet/keys`, or
 * `~/.local/state/limpet/keys`. Throws LimpetError `LIMPET_KEYS` for keys that can't be used, and StartError
 * `LIMPET_KEY_FILE` for a file that can't be read or made.
 */
export function loadKeyring(options: LoadKeyringOptions = {}): LoadedKeyring {
  const env = options.env ?? process.env
  if (options.file !== undefined) return readKeyFile(options.file, 'file')
  if (env.LIMPET_KEYS) return { keyring: named('LIMPET_KEYS', env.LIMPET_KEYS), origin: 'env' }
  const path = join(stateHome(env), 'limpet', 'keys')
  if (!existsSync(path)) createKeyFile(path)
  return readKeyFile(path, 'generated')
}

/** The XDG Base Directory Specification: a relative XDG_STATE_HOME is to be ignored. */
function stateHome(env: NodeJS.ProcessEnv): string {
  const given = env.XDG_STATE_HOME
  return given && isAbsolute(given) ? given : join(env.HOME || homedir(), '.local', 'state')
}

function named(where: string, text: string): Keyring {
  try {
    return parseKeyring(text)
  } catch (error) {
    if (!(error instanceof LimpetError)) throw error
    throw new LimpetError(error.code, `${where}: ${error.message}`)
  }
}

function readKeyFile(path: string, origin: 'file' | 'generated'): LoadedKeyring {
  let text: string
  let mode: number
  try {
    const file = openSync(path, 'r')
    try {
      mode = fstatSync(file).mode
      text = readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new StartError(
      'LIMPET_KEY_FILE',
      `The key file ${path} can't be read (${codeOf(error)}). Make it readable for this user, or name another one ` +
        'in the config as keys.file, or give the keys in LIMPET_KEYS.',
      { cause: error },
    )
  }
  const keyring = named(path, text)
  // Group access stays unremarked: mounted secrets are commonly shared with the process by its group.
  if (process.platform === 'win32' || (mode & 0o007) === 0) return { keyring, origin, path }
  const warning =
    `The key file ${path} is open to every user of this machine, who can then forge sessions. ` +
    `Run: chmod o= ${path}, and replace the keys if others may have read them.`
  return { keyring, origin, path, warning }
}

/**
 * Makes the key file. The text is written whole to a file of its own and then linked to
 * `path`: linking fails when another router was first, so all end with one file and none reads half of one.
 */
function createKeyFile(path: string): void {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeSync(file, generateKeyringText())
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    try {
      linkSync(draft, path)
    } finally {
      unlinkSync(draft)
    }
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    throw new StartError(
      'LIMPET_KEY_FILE',
      `The key file ${path} can't be made (${codeOf(error)}). Make its folder writable for this user, or set ` +
        'XDG_STATE_HOME to a folder that is, or name an existing file in the config as keys.file, or give the ' +
        'keys in LIMPET_KEYS.',
      { cause: error },
    )
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
