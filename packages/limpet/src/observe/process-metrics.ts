import { Counter, Gauge, type Registry } from 'prom-client'
import { addMetric } from './add-metric.ts'

/** What metrics tell of one process behind a replica. */
export interface ProcessCounts {
  readonly name: string
  /** Whether it takes requests now. */
  readonly up: boolean
  /** How often it was started again. */
  readonly restarts: number
}

/** Adds what is told of the processes behind replicas. */
export function addProcessMetrics(registry: Registry, processes: () => readonly ProcessCounts[]): void {
  addMetric(registry, Gauge, 'limpet_worker_up', '1 while the worker takes requests.', ['worker'], (set) => {
    for (const { name, up } of processes()) set({ worker: name }, Number(up))
  })
  const help = 'How often the worker was started again.'
  addMetric(registry, Counter, 'limpet_worker_restarts_total', help, ['worker'], (set) => {
    for (const { name, restarts } of processes()) set({ worker: name }, restarts)
  })
}
