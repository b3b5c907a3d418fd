import type { PinHome, StoredPin } from './pin-store.ts'

/** `EPOCH:EXPIRES_AT_MS:DEADLINE_MS:HOME`; what the script of `redis-script.ts` takes apart too. */
const recordPattern = /^(\d{1,5}):(\d{1,15}):(\d{1,15}):(.*)$/s

/** The text of a record, without its key. */
export function recordText({ home, epoch, expiresAtMs, deadlineMs }: StoredPin): string {
  return `${epoch}:${expiresAtMs}:${deadlineMs}:${homeText(home)}`
}

/** The record that `text` is under `key`; undefined when it is none. */
export function parseRecord(key: string, text: unknown): StoredPin | undefined {
  const parts = typeof text === 'string' && /^[0-9a-f]{32}$/.test(key) ? recordPattern.exec(text) : null
  if (parts === null) return undefined
  const home = parseHome(parts[4]!)
  const epoch = Number(parts[1])
  if (home === 'invalid' || epoch > 0xffff) return undefined
  return { key, home, epoch, expiresAtMs: Number(parts[2]), deadlineMs: Number(parts[3]) }
}

/** `["SERVICE","REPLICA"]`, or nothing for a session that was closed. */
function homeText(home: PinHome | undefined): string {
  return home === undefined ? '' : JSON.stringify([home.service, home.replica])
}

function parseHome(text: string): PinHome | undefined | 'invalid' {
  if (text === '') return undefined
  try {
    const [service, replica, ...rest] = JSON.parse(text)
    if (typeof service !== 'string' || typeof replica !== 'string' || rest.length > 0) return 'invalid'
    return { service, replica }
  } catch {
    return 'invalid'
  }
}
