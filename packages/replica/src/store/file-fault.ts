import { NoSpaceError, ReplicaError, StoreError } from '../errors.ts'

/** The `code` of a system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** Resolves to undefined when what `work` looks for is not there, or is not what it should be. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

/** Runs `work` and turns faults of the file system into this library's errors; other errors pass. */
export async function onFiles<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = systemCode(error)
    if (error instanceof ReplicaError || code === undefined || !('syscall' in Object(error))) throw error
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new NoSpaceError({ cause: error })
    throw new StoreError('The folder of sessions can not be used.', { cause: error })
  }
}
