import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SessionNotFoundError, StaleEpochError } from '../errors.ts'
import { systemCode, unlessMissing } from './file-fault.ts'

/**
 * The epoch of a session in its folder, kept as the name of a folder: `.epoch-3`. Every change goes through that
 * folder: a value is written there and renamed into its place, or renamed into it and deleted. Raising the epoch makes
 * the new folder and then removes the old one, from which moment each rename of a slower writer fails. So the file
 * system refuses the writer itself, at the moment of its change: no lock that could be left behind, and no gap between
 * a check and a write.
 */
const prefix = '.epoch-'

/** The name of the folder of `epoch` in a session's folder. */
export function fenceName(epoch: number): string {
  return `${prefix}${epoch}`
}

/** The highest epoch among the names in a session's folder; undefined when there is none. */
export function highestEpoch(names: readonly string[]): number | undefined {
  const epochs = epochsAmong(names)
  return epochs.length > 0 ? Math.max(...epochs) : undefined
}

/**
 * Makes `epoch` the session's epoch: from then on no writer of a lower one changes it.
 * @throws {StaleEpochError} when it has a higher one
 * @throws {SessionNotFoundError} when the folder is gone
 */
export async function raiseEpoch(id: string, folder: string, epoch: number): Promise<void> {
  for (;;) {
    const names = await unlessMissing(readdir(folder))
    if (!names) throw new SessionNotFoundError(id)
    const epochs = epochsAmong(names)
    const highest = Math.max(epoch, ...epochs)
    if (highest > epoch) throw new StaleEpochError(epoch, highest)
    if (epochs.length === 1 && epochs[0] === epoch) return
    // Make one's own first and look again after: of two that raise at once, the lower always sees the higher.
    await makeFence(id, join(folder, fenceName(epoch)))
    for (const lower of epochs) if (lower < epoch) await removeFence(join(folder, fenceName(lower)))
  }
}

/**
 * Makes an epoch that nobody else has: above all that are there, and at least `floor`.
 * @throws {StaleEpochError} when a higher one has come meanwhile
 * @throws {SessionNotFoundError} when the folder is gone
 */
export async function claimEpoch(id: string, folder: string, floor: number): Promise<number> {
  for (;;) {
    const names = await unlessMissing(readdir(folder))
    if (!names) throw new SessionNotFoundError(id)
    const epoch = Math.max((highestEpoch(names) ?? 0) + 1, floor)
    // Of two that try the same one, the file system lets one have it.
    if (!(await makeFence(id, join(folder, fenceName(epoch))))) continue
    await raiseEpoch(id, folder, epoch)
    return epoch
  }
}

/** Why a change through the folder of `epoch` failed because something was missing; undefined for another reason. */
export async function whyRefused(id: string, folder: string, epoch: number): Promise<Error | undefined> {
  const names = await unlessMissing(readdir(folder))
  if (!names) return new SessionNotFoundError(id)
  const highest = highestEpoch(names)
  if (highest !== undefined && highest > epoch) return new StaleEpochError(epoch, highest)
  return highest === epoch ? undefined : new SessionNotFoundError(id)
}

/** Whether this call made it; false when it was there. */
async function makeFence(id: string, fence: string): Promise<boolean> {
  try {
    await mkdir(fence, { mode: 0o700 })
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new SessionNotFoundError(id)
    if (systemCode(error) !== 'EEXIST') throw error
    return false
  }
}

async function removeFence(fence: string): Promise<void> {
  try {
    await rm(fence, { recursive: true, force: true })
  } catch (error) {
    // A writer of that epoch was at work; the caller looks again.
    if (systemCode(error) !== 'ENOTEMPTY') throw error
  }
}

function epochsAmong(names: readonly string[]): number[] {
  return names
    .filter((name) => /^\.epoch-\d{1,15}$/.test(name))
    .map((name) => Number(name.slice(prefix.length)))
}
