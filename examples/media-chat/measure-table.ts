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

/** A table in Markdown: medians over the rounds, in seconds, and how many times as long the one way takes. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ kind, sentEachTime, sentOnce }) => {
    const eachMs = median(sentEachTime.map(({ totalMs }) => totalMs))
    const onceMs = median(sentOnce.map(({ totalMs }) => totalMs))
    const uploadMs = median(sentOnce.map((timed) => timed.uploadMs))
    const askedMs = median(sentOnce.map((timed) => timed.totalMs - timed.uploadMs))
    const cells = [eachMs, onceMs, uploadMs, askedMs].map((ms) => `${(ms / 1000).toFixed(3)} s`)
    return `| ${[kind, ...cells, `${(eachMs / onceMs).toFixed(1)}×`].join(' | ')} |`
  })
  return [
    '| question | sent each time | sent once | of it: upload | of it: questions | ratio |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
