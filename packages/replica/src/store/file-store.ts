import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, type FileHandle, mkdir, open, readdir, rename, rm, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { SettingsError, StaleEpochError } from '../errors.ts'
import { isSessionId } from '../session-id.ts'
import { claimEpoch, fenceName, raiseEpoch, whyRefused } from './epoch-fence.ts'
import { onFiles, systemCode, unlessMissing } from './file-fault.ts'
import {
  deleteFolder,
  entriesIn,
  expiryName,
  expiryText,
  idleName,
  recordIn,
  valueName,
} from './session-folder.ts'
import { bytesOf, type SessionRecord, type SessionStore, type StoredValue } from './store.ts'

export interface FileStoreOptions {
  /** The folder that holds the sessions' folders. It is made when it is not there. */
  readonly path: string
}

/**
 * Keeps each session in a folder of its own below `path`, in the layout of the AWS library (see `session-folder.ts`).
 * Several processes may work on one path at once. Whatever else lies there is never touched.
 * @throws {SettingsError} when the folder can't be made or written to
 */
export async function createFileStore({ path: root }: FileStoreOptions): Promise<SessionStore> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new SettingsError('The folder of sessions (SAGEMAKER_SESSIONS_PATH) can not be written to.', {
      cause,
    })
  }
  return {
    create: (record) => onFiles(() => create(root, record)),
    open: (id, epoch) => onFiles(() => openSession(join(root, id), id, epoch)),
    claim: (id, floor) => onFiles(() => claim(join(root, id), id, floor)),
    look: (id) => onFiles(() => recordIn(join(root, id), id)),
    touch: (record, usedAtMs) => onFiles(() => touch(join(root, record.id), record, usedAtMs)),
    write: (id, epoch, { key, kind, content }) =>
      onFiles(async () => {
        const change = { folder: join(root, id), id, epoch }
        await putFile(change, valueName(key, kind), content)
        await dropFile(change, valueName(key, kind === 'json' ? 'bytes' : 'json'))
        return bytesOf(await entriesIn(change.folder))
      }),
    read: (id, key, from = 0) => onFiles(() => read(join(root, id), key, from)),
    remove: (id, epoch, key) =>
      onFiles(async () => {
        const change = { folder: join(root, id), id, epoch }
        // Bytes first: while the JSON value is there it hides them.
        const bytes = await dropFile(change, valueName(key, 'bytes'))
        return (await dropFile(change, valueName(key, 'json'))) || bytes
      }),
    list: (id) => onFiles(() => entriesIn(join(root, id))),
    destroy: (id, epoch) => onFiles(() => destroy({ folder: join(root, id), id, epoch })),
    ids: () => onFiles(async () => ((await unlessMissing(readdir(root))) ?? []).filter(isSessionId)),
    close: async () => {},
  }
}

/** A change to a session by a writer of `epoch`. */
interface Change {
  readonly folder: string
  readonly id: string
  readonly epoch: number
}

async function create(root: string, { id, epoch, expiresAtMs, idleMs }: SessionRecord): Promise<void> {
  const folder = join(root, id)
  try {
    // The root may have been cleared since the start.
    await mkdir(join(folder, fenceName(epoch)), { recursive: true, mode: 0o700 })
    const change = { folder, id, epoch }
    if (idleMs !== undefined) await putFile(change, idleName, [Buffer.from(`${idleMs}`)])
    // Last, since it makes the folder a session.
    await putFile(change, expiryName, [Buffer.from(expiryText(expiresAtMs))])
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function openSession(folder: string, id: string, epoch: number): Promise<SessionRecord | undefined> {
  const record = await recordIn(folder, id)
  if (!record) return undefined
  if (record.epoch > epoch) throw new StaleEpochError(epoch, record.epoch)
  await raiseEpoch(id, folder, epoch)
  return { ...record, epoch }
}

async function claim(folder: string, id: string, floor: number): Promise<SessionRecord | undefined> {
  const record = await recordIn(folder, id)
  return record && { ...record, epoch: await claimEpoch(id, folder, floor) }
}

async function touch(folder: string, { id, epoch }: SessionRecord, usedAtMs: number): Promise<void> {
  const refused = await whyRefused(id, folder, epoch)
  if (refused) throw refused
  await unlessMissing(utimes(join(folder, idleName), usedAtMs / 1000, usedAtMs / 1000))
}

async function read(folder: string, key: string, from: number): Promise<StoredValue | undefined> {
  // The JSON value counts. It is looked for again after the bytes, in case it has just replaced them.
  for (const kind of ['json', 'bytes', 'json'] as const) {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW
    const file = await unlessMissing(open(join(folder, valueName(key, kind)), flags))
    const value = file && (await contentOf(file, from))
    if (value) return { kind, ...value }
  }
  return undefined
}

async function contentOf(file: FileHandle, from: number): Promise<Omit<StoredValue, 'kind'> | undefined> {
  const stats = await file.stat()
  // Never more than announced, even if another program makes the file longer meanwhile.
  if (stats.isFile() && stats.size > from) {
    return { bytes: stats.size, content: file.createReadStream({ start: from, end: stats.size - 1 }) }
  }
  await file.close()
  return stats.isFile() ? { bytes: stats.size, content: Readable.from([]) } : undefined
}

async function destroy(change: Change): Promise<boolean> {
  const record = await openSession(change.folder, change.id, change.epoch)
  if (!record) return false
  // From here on it has expired for everyone, and the fence lets nobody write.
  await putFile(change, expiryName, [Buffer.from(expiryText(0))])
  await deleteFolder(change.folder)
  return true
}

/** Writes a file beside its place and moves it there once it is whole and on the disk. */
async function putFile(
  { folder, id, epoch }: Change,
  name: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const draft = join(folder, fenceName(epoch), randomUUID())
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      // One piece after the other, since the caller may go on using its buffer.
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, join(folder, name))
  } catch (error) {
    await rm(draft, { force: true })
    throw (systemCode(error) === 'ENOENT' && (await whyRefused(id, folder, epoch))) || error
  }
}

/** Deletes a file by way of the fence; false when it is not there. */
async function dropFile({ folder, id, epoch }: Change, name: string): Promise<boolean> {
  const away = join(folder, fenceName(epoch), randomUUID())
  try {
    await rename(join(folder, name), away)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    const refused = await whyRefused(id, folder, epoch)
    if (refused) throw refused
    return false
  }
  await unlessMissing(unlink(away))
  return true
}
