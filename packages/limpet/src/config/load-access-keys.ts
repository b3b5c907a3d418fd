import { readFileSync } from 'node:fs'
import { StartError } from '../errors.ts'

/** Secret access keys by access key id. */
export type AccessKeys = ReadonlyMap<string, string>

const VARIABLE = 'LIMPET_ACCESS_KEYS'
const howTo =
  'A file has aws_access_key_id = ID and aws_secret_access_key = SECRET lines, as the credentials file of AWS; ' +
  `${VARIABLE} has ID:SECRET, more of them separated by commas.`

/**
 * Loads the keys whose signatures a service believes: from `file`, which is written as the credentials file of the
 * AWS tools is, else from `LIMPET_ACCESS_KEYS` in the environment. Throws StartError `LIMPET_ACCESS_KEYS` where
 * there is none; no message shows a secret.
 */
export function loadAccessKeys(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): AccessKeys {
  const where = file ?? VARIABLE
  const keys = file === undefined ? fromVariable(env[VARIABLE] ?? '') : fromFile(readText(file))
  if (keys === undefined) throw fault(`${where} has a line or entry that can't be read.`)
  if (keys.size === 0) throw fault(`${where} has no access key.`)
  return keys
}

function fault(message: string, cause?: unknown): StartError {
  return new StartError('LIMPET_ACCESS_KEYS', `${message} ${howTo}`, { cause })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fault(
      `The file of access keys ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`,
      error,
    )
  }
}

function fromVariable(text: string): Map<string, string> | undefined {
  const keys = new Map<string, string>()
  for (const entry of text.split(/[,\n]/)) {
    if (entry.trim() === '') continue
    const [, id, secret] = /^\s*(\w+):(\S+)\s*$/.exec(entry) ?? []
    if (id === undefined || secret === undefined) return undefined
    keys.set(id, secret)
  }
  return keys
}

/** Sections in brackets, comments after # or ;, and settings, of which two matter. */
function fromFile(text: string): Map<string, string> | undefined {
  const keys = new Map<string, string>()
  let id: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue
    if (/^\[.*\]$/.test(trimmed)) {
      id = undefined
      continue
    }
    const [, name, value] = /^(\w+)\s*=\s*(.*)$/.exec(trimmed) ?? []
    if (name === undefined || value === undefined) return undefined
    if (name === 'aws_access_key_id') id = value
    else if (name === 'aws_secret_access_key') {
      if (id === undefined) return undefined
      keys.set(id, value)
    }
  }
  return keys
}
