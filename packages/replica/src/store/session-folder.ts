import { lstat, readdir, readFile, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { highestEpoch } from './epoch-fence.ts'
import { systemCode, unlessMissing } from './file-fault.ts'
import { fileNameOf, keyOfFileName } from './key.ts'
import type { SessionRecord, StoredEntry, ValueKind } from './store.ts'

/**
 * What lies in a session's folder. The AWS library knows the first two, and leaves the others alone:
 *
 *     .expiration_ts     the end of its life, in seconds since 1970, as a JSON number
 *     <key>              a JSON value
 *     .bytes.<key>       a bytes value; where both are there, the JSON value counts
 *     .idle_ms           the idle time, of sessions that have one; its time of change is that of the last request
 *     .epoch-<n>/        the epoch, see epoch-fence.ts
 */
export const expiryName = '.expiration_ts'
export const idleName = '.idle_ms'
const bytesPrefix = '.bytes.'

/** The name of the file of a value. */
export function valueName(key: string, kind: ValueKind): string {
  return kind === 'json' ? fileNameOf(key) : `${bytesPrefix}${fileNameOf(key)}`
}

/** `.expiration_ts` as the AWS library writes it: seconds, with a fraction. */
export function expiryText(expiresAtMs: number): string {
  return (expiresAtMs / 1000).toFixed(3)
}

/** The record of the session in `folder`; undefined unless it is a folder that holds a valid expiry. */
export async function recordIn(folder: string, id: string): Promise<SessionRecord | undefined> {
  if (!(await unlessMissing(lstat(folder)))?.isDirectory()) return undefined
  const names = await unlessMissing(readdir(folder))
  const expiresAtMs = await expiryIn(folder)
  if (!names || expiresAtMs === undefined) return undefined
  const record = { id, expiresAtMs, epoch: highestEpoch(names) ?? 0 }
  return names.includes(idleName) ? { ...record, ...(await idleIn(folder)) } : record
}

/** All values in `folder`. Files whose name this library would not give are not values. */
export async function entriesIn(folder: string): Promise<StoredEntry[]> {
  const found = new Map<string, StoredEntry>()
  for (const name of (await unlessMissing(readdir(folder))) ?? []) {
    const kind = name.startsWith(bytesPrefix) ? 'bytes' : 'json'
    const key = keyOfFileName(kind === 'bytes' ? name.slice(bytesPrefix.length) : name)
    if (key === '' || valueName(key, kind) !== name) continue
    if (kind === 'bytes' && found.has(key)) continue
    const file = await unlessMissing(lstat(join(folder, name)))
    if (file?.isFile()) found.set(key, { key, kind, bytes: file.size })
  }
  return [...found.values()]
}

/**
 * Deletes `folder` with the expiry last, so that what an interruption leaves behind is still a session, which has
 * expired and is deleted by the next sweep.
 */
export async function deleteFolder(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      for (const name of await readdir(folder)) {
        if (name !== expiryName) await rm(join(folder, name), { recursive: true, force: true })
      }
      await unlessMissing(unlink(join(folder, expiryName)))
      return await rmdir(folder)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return
      if (systemCode(error) !== 'ENOTEMPTY' || attempt === 5) throw error
    }
  }
}

async function expiryIn(folder: string): Promise<number | undefined> {
  const text = await unlessMissing(readFile(join(folder, expiryName), 'utf8'))
  const seconds = /^\s*\d+(\.\d+)?(e\+?\d+)?\s*$/i.test(text ?? '') ? Number(text) : Number.NaN
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined
}

async function idleIn(folder: string): Promise<{ idleMs: number; usedAtMs: number } | undefined> {
  const path = join(folder, idleName)
  const [text, file] = await Promise.all([unlessMissing(readFile(path, 'utf8')), unlessMissing(stat(path))])
  const idleMs = Number(text)
  return file && idleMs > 0 ? { idleMs, usedAtMs: file.mtimeMs } : undefined
}
