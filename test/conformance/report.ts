import type { ConformanceCase } from './case.ts'
import type { CaseResult } from './run-cases.ts'

/** How many cases passed, failed and did not apply. */
export function tally(results: readonly CaseResult[]): { pass: number; fail: number; notApplicable: number } {
  const count = (verdict: string) => results.filter(({ outcome }) => outcome.verdict === verdict).length
  return { pass: count('pass'), fail: count('fail'), notApplicable: count('n/a') }
}

/** How many of the failed cases ask for more than the RFC does. */
function beyondRfc(results: readonly CaseResult[]): number {
  return results.filter((result) => result.outcome.verdict === 'fail' && result.case.stricterThanRfc === true)
    .length
}

/** One line of the table in the terminal. */
export function resultLine({ case: each, outcome, tookMs }: CaseResult): string {
  const detail = outcome.detail === '' ? '' : `  [${printable(outcome.detail)}]`
  return `${outcome.verdict.padEnd(4)}  ${each.id.padEnd(4)}  ${printable(each.title)}${detail}${tookMs > 2000 ? `  ${tookMs} ms` : ''}`
}

/** The last line: `212 passed, 3 failed, 1 n/a of 216 cases`. */
export function closingLine(results: readonly CaseResult[]): string {
  const { pass, fail, notApplicable } = tally(results)
  return `${pass} passed, ${fail} failed, ${notApplicable} n/a of ${results.length} cases`
}

/** One proxy's column. */
export interface Column {
  /** Name and version. */
  readonly title: string
  readonly results: readonly CaseResult[]
}

/** The page docs/conformance.md. `missing` has a line for each proxy that could not take part. */
export function comparisonPage(
  cases: readonly ConformanceCase[],
  columns: readonly Column[],
  missing: readonly string[],
): string {
  const titles = columns.map(({ title }) => title)
  const totals = columns.map((column) => tally(column.results))
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const outcomes = new Map(
    columns.map((column) => [
      column,
      new Map(column.results.map((result) => [result.case.id, result.outcome])),
    ]),
  )
  const cell = (column: Column, id: string) => {
    const outcome = outcomes.get(column)?.get(id)
    if (outcome === undefined) return ''
    if (outcome.verdict === 'pass') return 'pass'
    return `${outcome.verdict === 'fail' ? '**fail**' : 'n/a'}: ${inCell(outcome.detail)}`
  }
  return `${[
    '# HTTP/1.1 conformance',
    '',
    'Made by `npm run conformance -- --compare`; do not edit. Every case sends raw bytes to the proxy and looks at',
    'every byte that reaches a recording replica behind it. The cases are in `test/conformance/cases`, the',
    'configurations of the other proxies in `test/conformance/peers`: one worker, kept-alive connections to the',
    'replicas, no buffering, sessions by the header `x-session` and by cookie where the product can.',
    '',
    ...missing,
    ...(missing.length > 0 ? [''] : []),
    row(['', ...titles]),
    row(['---', ...titles.map(() => '---:')]),
    row(['pass', ...totals.map(({ pass }) => String(pass))]),
    row(['fail', ...totals.map(({ fail }) => String(fail))]),
    row(['of these †', ...columns.map((column) => String(beyondRfc(column.results)))]),
    row(['n/a', ...totals.map(({ notApplicable }) => String(notApplicable))]),
    '',
    '- **pass**: the proxy did what the case requires. **fail**: it did something else, which is named.',
    '  **n/a**: the proxy lacks the feature or setting that the case is about.',
    '- †: the case asks for more than the RFC does, because in a router for sessions one lenient reading is one',
    '  too many. A proxy that fails it may still conform to the RFC.',
    '- A refusal must be an answer with the named status, and no whole request may reach the replica.',
    '',
    row(['case', 'requirement', ...titles]),
    row(['---', '---', ...titles.map(() => '---')]),
    ...cases.map((each) => {
      const source = each.source === undefined ? '' : `; idea: ${inCell(each.source)}`
      const mark = each.stricterThanRfc === true ? ' †' : ''
      const requirement = `${inCell(each.title)}${mark} (${inCell(each.rfc)}${source})`
      return row([each.id, requirement, ...columns.map((column) => cell(column, each.id))])
    }),
  ].join('\n')}\n`
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e§…†]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function inCell(text: string): string {
  return printable(text).replace(/[|<>*_\\]/g, (mark) => `\\${mark}`)
}
