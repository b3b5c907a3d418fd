import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fifo } from '../../fifo.ts'
import { beginning, comparePositions } from '../../position.ts'
import { fenceName, whyRefused } from '../../store/epoch-fence.ts'
import { onFiles, systemCode, unlessMissing } from '../../store/file-fault.ts'
import type { EventLimits, EventLog } from './event-log.ts'

/** In a session's folder; a name that neither the file store nor the AWS library takes for a value. */
const folderName = '.events'

/** An event's file: `<epoch>-<number>.<bytes>.<stream>`, so that much is known of it without opening it. */
interface EventFile {
  readonly name: string
  readonly position: string
  readonly bytes: number
  readonly streamId: string
}

/**
 * Keeps each event in a file of its own in the session's folder, below the root of a file store. It gets there the way
 * values do, by way of the folder of the writer's epoch, so that the file system refuses a writer whose epoch is over.
 */
export function createFileEventLog(root: string, limits: EventLimits, now = Date.now): EventLog {
  const fifo = new Fifo()
  const folderOf = (id: string): string => join(root, id, folderName)

  const append = async (id: string, epoch: number, streamId: string, text: string): Promise<string> => {
    const draft = join(root, id, fenceName(epoch), randomUUID())
    try {
      await writeFile(draft, text, { flag: 'wx', mode: 0o600 })
      await mkdir(folderOf(id), { recursive: true, mode: 0o700 })
      const files = await filesIn(folderOf(id))
      const [highest, number = 0] = (files.at(-1)?.position ?? beginning).split('-').map(Number)
      // What a writer of a higher epoch has put there can't be followed: the fence will say so.
      const position = `${epoch}-${highest === epoch ? number + 1 : 1}`
      const bytes = Buffer.byteLength(text)
      const name = `${position}.${bytes}.${encodeURIComponent(streamId)}`
      await rename(draft, join(folderOf(id), name))
      await trim(folderOf(id), [...files, { name, position, bytes, streamId }])
      return position
    } catch (error) {
      await rm(draft, { force: true })
      throw (systemCode(error) === 'ENOENT' && (await whyRefused(id, join(root, id), epoch))) || error
    }
  }

  const trim = async (folder: string, files: readonly EventFile[]): Promise<void> => {
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    for (const [at, file] of files.entries()) {
      const isOver = files.length - at > limits.events || bytes > limits.bytes
      if (!isOver && !(await isOld(join(folder, file.name)))) break
      await rm(join(folder, file.name), { force: true })
      bytes -= file.bytes
    }
  }

  const isOld = async (path: string): Promise<boolean> => {
    const file = await unlessMissing(stat(path))
    return file !== undefined && file.mtimeMs < now() - limits.ageMs
  }

  return {
    append: (id, epoch, streamId, text) =>
      fifo.run(id, () => onFiles(() => append(id, epoch, streamId, text))),
    last: (id) => onFiles(async () => (await filesIn(folderOf(id))).at(-1)?.position ?? beginning),
    after: (id, streamId, position) =>
      onFiles(async () => {
        const found = []
        for (const file of await filesIn(folderOf(id))) {
          if (file.streamId !== streamId || comparePositions(file.position, position) <= 0) continue
          const path = join(folderOf(id), file.name)
          const text = (await isOld(path)) ? undefined : await unlessMissing(readFile(path, 'utf8'))
          if (text !== undefined) found.push({ position: file.position, text })
        }
        return found
      }),
    drop: (id) => onFiles(() => rm(folderOf(id), { recursive: true, force: true })),
  }
}

async function filesIn(folder: string): Promise<EventFile[]> {
  const files = []
  for (const name of (await unlessMissing(readdir(folder))) ?? []) {
    const [, position, bytes, stream] = /^(\d+-\d+)\.(\d+)\.([^/]+)$/.exec(name) ?? []
    if (position === undefined || stream === undefined) continue
    files.push({ name, position, bytes: Number(bytes), streamId: decodeURIComponent(stream) })
  }
  return files.sort((a, b) => comparePositions(a.position, b.position))
}
