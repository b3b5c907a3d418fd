import type { Metric } from './metric.ts'
import { directId, ownId, type Result, type Subject } from './result.ts'
import { median, type Spread, spreadOf } from './statistics.ts'

/** One cell: a figure over the rounds, absent where there is none. */
export type Cell = Spread | undefined

/** A column: the metric itself, or its ratio to the best peer. */
export interface Column {
  heading: string
  digits: number
  /** Ratios are shown with their spread. */
  isRatio: boolean
  trust: boolean
}

export interface Summary {
  columns: Column[]
  rows: { subject: Subject; cells: Cell[] }[]
}

/**
 * Turns samples into a table. A ratio is formed within each round, between measurements that were made minutes apart
 * at most, and only then summed up over the rounds, so that a change in the machine's speed cancels out. The best
 * peer is the one with the best median of that metric; Limpet and the run without a proxy don't count as peers.
 */
export function summarize(result: Result): Summary {
  const parts = result.metrics.flatMap((metric) => {
    const best = metric.ratio && bestPeer(result, metric)
    return best === undefined ? [{ metric }] : [{ metric }, { metric, best }]
  })
  return {
    columns: parts.map(({ metric, best }) => ({
      heading: best === undefined ? metric.heading : `÷ ${best}`,
      digits: best === undefined ? metric.digits : 2,
      isRatio: best !== undefined,
      trust: metric.trust === true,
    })),
    rows: result.subjects.map((subject) => ({
      subject,
      cells: parts.map(({ metric, best }) => {
        if (best !== undefined && subject.id === directId) return undefined
        const values = valuesOf(result, metric, subject.id, best ?? (metric.overDirect && directId))
        if (values.length === 0 || (subject.id === directId && isOfProxy(metric))) return undefined
        return spreadOf(values)
      }),
    })),
  }
}

/** Metrics that mean nothing without a proxy. */
function isOfProxy(metric: Metric): boolean {
  return metric.overDirect === true || /^(cpu|resident|peak|proxy|others)/.test(metric.key)
}

/**
 * A subject's values over the rounds. With `other`, those rounds that have both: the ratio to the other's value, or
 * the difference for a metric that is meant over the run without a proxy.
 */
function valuesOf(
  result: Result,
  metric: Metric,
  subject: string,
  other: string | false | undefined,
): number[] {
  const valueAt = (id: string, round: number) =>
    result.samples.find((sample) => sample.subject === id && sample.round === round)?.values[metric.key]
  const rounds = Array.from({ length: result.rounds }, (_, round) => round)
  return rounds.flatMap((round) => {
    const value = valueAt(subject, round)
    if (value === undefined) return []
    if (!other) return [value]
    const base = valueAt(other, round)
    if (base === undefined) return []
    return [other === directId ? value - base : value / base]
  })
}

function bestPeer(result: Result, metric: Metric): string | undefined {
  const peers = result.subjects
    .map(({ id }) => ({ id, value: median(valuesOf(result, metric, id, undefined)) }))
    .filter(({ id, value }) => id !== directId && id !== ownId && Number.isFinite(value))
    .sort((a, b) => (metric.ratio === 'less' ? a.value - b.value : b.value - a.value))
  return peers[0]?.id
}
