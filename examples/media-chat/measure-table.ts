import { cpus, type as osType, release } from 'node:os'
import type { Timed } from './time-questions.ts'

/** All rounds of one kind of question. */
export interface Row {
  readonly kind: string
  readonly sentEachTime: readonly Timed[]
  readonly sentOnce: readonly Timed[]
}

/** Cores, CPU, system and Node.js, in a line. */
export function machineLine(): string {
  const { length: cores, 0: first } = cpus()
  const system = `${osType()} ${release().split('-')[0]}`
  return `${cores} cores, ${first?.model ?? 'unknown CPU'}, ${system}, Node.js ${process.version}`
}

/** A table in Markdown, of the median round of each way, in seconds, and how many times as long the one takes. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ kind, sentEachTime, sentOnce }) => {
    const each = medianOf(sentEachTime)
    const once = medianOf(sentOnce)
    const times = [each.totalMs, once.totalMs, once.uploadMs, once.totalMs - once.uploadMs]
    const cells = times.map((ms) => `${(ms / 1000).toFixed(3)} s`)
    return `| ${[kind, ...cells, `${(each.totalMs / once.totalMs).toFixed(1)}×`].join(' | ')} |`
  })
  return [
    '| question | sent each time | sent once | of it: upload | of it: questions | ratio |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n')
}

/** The round in the middle, by its total; of an even number the quicker of the two. */
function medianOf(rounds: readonly Timed[]): Timed {
  return rounds.toSorted((a, b) => a.totalMs - b.totalMs)[(rounds.length - 1) >> 1]!
}
