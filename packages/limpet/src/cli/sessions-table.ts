import type { SessionEntry, SessionPage } from '../admin/sessions-view.ts'

const units: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]

/** A list of sessions for people: one line each under a heading, columns aligned, and a last line that counts. */
export function sessionsTable({ sessions, total, truncated }: SessionPage): string {
  if (sessions.length === 0) return 'no sessions\n'
  const heading = ['HASH', 'SERVICE', 'REPLICA', 'EPOCH', 'IDLE', 'EXPIRES']
  const rows = [heading, ...sessions.map((session) => cellsOf(session).map(printable))]
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  const count = `${total} session${total === 1 ? '' : 's'}`
  const last = truncated ? `${sessions.length} of ${count}; --limit shows more, filters show fewer` : count
  return `${lines.join('\n')}\n${last}\n`
}

/** One session for people, a property a line. */
export function sessionLines(session: SessionEntry): string {
  const labels = ['hash', 'service', 'replica', 'epoch', 'idle', 'expires']
  const lines = cellsOf(session).map((cell, at) => `${labels[at]!.padEnd(7)}  ${printable(cell)}\n`)
  return lines.join('')
}

function cellsOf({ hash, service, replica, closed, epoch, idleMs, expiresInMs }: SessionEntry): string[] {
  return [
    hash,
    service ?? '?',
    closed ? '(closed)' : (replica ?? '(gone)'),
    `${epoch}`,
    shownDuration(idleMs),
    `in ${shownDuration(expiresInMs)}`,
  ]
}

/** The two largest units of a duration, such as `3m12s`; less than a second is `0s`. */
export function shownDuration(ms: number): string {
  const first = units.findIndex(([, unitMs]) => ms >= unitMs)
  if (first === -1) return '0s'
  let restMs = ms
  let text = ''
  for (const [unit, unitMs] of units.slice(first, first + 2)) {
    const count = Math.floor(restMs / unitMs)
    restMs -= count * unitMs
    if (count > 0) text += `${count}${unit}`
  }
  return text
}

/** Without characters that would steer a terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?')
}
