import type { Result } from './result.ts'
import { type Cell, type Column, type Summary, summarize } from './summarize.ts'
import { warnings } from './warnings.ts'

/** The result as aligned text for a terminal. */
export function textTable(result: Result): string {
  const rows = tableRows(summarize(result))
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  const pad = (cell: string, at: number) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))
  const lines = rows.map((row) => row.map(pad).join('  ').trimEnd())
  return [heading(result), '', ...lines, '', ...notes(result), ''].join('\n')
}

/** The result as a section of a Markdown document, without the columns that only say how far to trust it. */
export function markdownTable(result: Result): string {
  const [head = [], ...rows] = tableRows(summarize(result), (column) => !column.trust)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, at) => (at === 0 ? '---' : '--:'))
  const notesLines = notes(result).map((note) => `- ${note}`)
  return [
    `### ${result.workload}`,
    '',
    `${result.title}.`,
    '',
    ...[head, rule, ...rows].map(line),
    '',
    ...notesLines,
    '',
  ].join('\n')
}

function heading(result: Result): string {
  return `${result.workload}: ${result.title}\nMedians of ${result.rounds} rounds of ${result.seconds} s; ratios are medians over the rounds (least to most).`
}

function tableRows(summary: Summary, wanted: (column: Column) => boolean = () => true): string[][] {
  const kept = summary.columns.map((column, at) => ({ column, at })).filter(({ column }) => wanted(column))
  return [
    ['', ...kept.map(({ column }) => column.heading)],
    ...summary.rows.map(({ subject, cells }) => [
      subject.title,
      ...kept.map(({ column, at }) => cellText(column, cells[at])),
    ]),
  ]
}

function cellText(column: Column, cell: Cell): string {
  if (cell === undefined) return ''
  const text = (value: number) =>
    value.toLocaleString('en', {
      minimumFractionDigits: column.digits,
      maximumFractionDigits: column.digits,
    })
  return column.isRatio ? `${text(cell.median)} (${text(cell.least)}–${text(cell.most)})` : text(cell.median)
}

function notes(result: Result): string[] {
  const { machine, startedAt, leftOut, seconds, rounds } = result
  return [
    `${startedAt}, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node.js ${machine.node}; proxy on core ${machine.pinned.proxy}, load and replicas on ${machine.pinned.load}`,
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s; CPU time is read in ticks of ${machine.cpuTickUs / 1000} ms`,
    ...warnings(result),
    ...leftOut.map(({ id, reason }) => `left out: ${id}: ${reason}`),
  ]
}
