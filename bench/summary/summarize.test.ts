import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Metric } from './metric.ts'
import type { Result } from './result.ts'
import { summarize } from './summarize.ts'
import { markdownTable, textTable } from './table.ts'
import { warnings } from './warnings.ts'

const cpu: Metric = { key: 'cpuUs', heading: 'CPU', digits: 1, ratio: 'less' }
const latency: Metric = { key: 'p50Us', heading: 'added p50', digits: 0, overDirect: true }
const busy: Metric = { key: 'othersPercent', heading: 'others', digits: 0, trust: true }

/** A result of three rounds; `values` has a row for each subject and a number for each round. */
function resultOf(metric: Metric, values: Readonly<Record<string, readonly number[]>>): Result {
  return {
    workload: 'example',
    title: 'An example',
    metrics: [metric],
    machine: {
      cpu: 'CPU',
      cores: 2,
      memoryBytes: 1,
      system: 'Linux',
      node: 'v1',
      pinned: { proxy: '1', load: '0' },
      cpuTickUs: 10_000,
    },
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 5,
    rounds: 3,
    subjects: Object.keys(values).map((id) => ({ id, title: id })),
    samples: Object.entries(values).flatMap(([subject, numbers]) =>
      numbers.map((value, round) => ({ round, subject, values: { [metric.key]: value } })),
    ),
    leftOut: [],
  }
}

test('forms ratios round by round, so that a machine that slows down does not change them', () => {
  const { columns, rows } = summarize(
    resultOf(cpu, { limpet: [20, 40, 80], slow: [30, 60, 120], best: [10, 20, 40] }),
  )
  assert.deepEqual(
    columns.map(({ heading }) => heading),
    ['CPU', '÷ best'],
  )
  assert.deepEqual(rows[0]?.cells, [
    { median: 40, least: 20, most: 80 },
    { median: 2, least: 2, most: 2 },
  ])
})

test('never takes Limpet or the run without a proxy for the best peer', () => {
  const { columns } = summarize(resultOf(cpu, { direct: [0, 0, 0], limpet: [1, 1, 1], peer: [9, 9, 9] }))
  assert.equal(columns[1]?.heading, '÷ peer')
})

test('has no ratio column when no peer took part', () => {
  assert.equal(summarize(resultOf(cpu, { direct: [0, 0, 0], limpet: [1, 1, 1] })).columns.length, 1)
})

test('takes the latency of the same round without a proxy away', () => {
  const { rows } = summarize(resultOf(latency, { direct: [100, 200, 300], peer: [110, 230, 320] }))
  assert.deepEqual(
    rows.map(({ cells }) => cells[0]),
    [undefined, { median: 20, least: 10, most: 30 }],
  )
})

test('warns of others on the core of the proxy, and keeps that column out of documents', () => {
  const result = resultOf(busy, { quiet: [1, 2, 90], noisy: [1, 6, 90] })
  assert.deepEqual(warnings(result), ["noisy: others took over 5 % of the proxy's core from noisy"])
  assert.match(textTable(result), /others/)
  assert.match(markdownTable(result), /^\| {2}\|\n\| --- \|/m)
})
