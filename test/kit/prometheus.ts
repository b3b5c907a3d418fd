/** All samples of one scrape, by series as written without spaces: `name{a="1",b="2"}`, labels sorted. */
export class Samples {
  readonly #values: ReadonlyMap<string, number>

  constructor(values: ReadonlyMap<string, number>) {
    this.#values = values
  }

  /** The sum of the series of `name` whose labels are as given; throws when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
    let sum = 0
    let found = false
    for (const [series, value] of this.#values) {
      if (series !== name && !series.startsWith(`${name}{`)) continue
      if (!wanted.every((label) => series.includes(`{${label}`) || series.includes(`,${label}`))) continue
      sum += value
      found = true
    }
    if (!found) throw new Error(`There is no series ${name} with ${wanted.join(', ')}.`)
    return sum
  }

  has(name: string): boolean {
    return [...this.#values.keys()].some((series) => series === name || series.startsWith(`${name}{`))
  }
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$/
const labelPair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/
const suffixes = /_(?:bucket|sum|count)$/

/**
 * Reads the Prometheus text format (version 0.0.4) and throws at whatever its rules forbid: a sample without the
 * TYPE of its family before it, a family in two pieces, a series twice, a histogram that does not grow or whose
 * count differs from its last bucket.
 */
export function parsePrometheus(text: string): Samples {
  if (!text.endsWith('\n')) throw new Error('The last line has no line end.')
  const types = new Map<string, string>()
  const values = new Map<string, number>()
  const closed = new Set<string>()
  let family = ''
  for (const line of text.split('\n')) {
    if (line === '') continue
    if (line.startsWith('#')) {
      const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
      if (type === null && !/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* \S/.test(line))
        throw new Error(`Malformed: ${line}`)
      if (type === null) continue
      if (types.has(type[1]!)) throw new Error(`A second TYPE: ${line}`)
      types.set(type[1]!, type[2]!)
      continue
    }
    const sample = sampleLine.exec(line)
    if (sample === null) throw new Error(`Malformed: ${line}`)
    const [, name = '', labels = '', value = ''] = sample
    const base = types.has(name) ? name : name.replace(suffixes, '')
    if (!types.has(base)) throw new Error(`No TYPE before: ${line}`)
    if (base !== family && closed.has(base)) throw new Error(`Apart from the rest of its family: ${line}`)
    closed.add(base)
    family = base
    const series = labels === '' ? name : `${name}{${sortedLabels(labels, line)}}`
    if (values.has(series)) throw new Error(`Twice: ${line}`)
    values.set(series, Number(value.replace('Inf', 'Infinity')))
    if (types.get(base) === 'counter' && !(values.get(series)! >= 0))
      throw new Error(`A counter below 0: ${line}`)
  }
  checkHistograms(types, values)
  return new Samples(values)
}

function sortedLabels(labels: string, line: string): string {
  const pairs: string[] = []
  let rest = labels
  while (rest !== '') {
    const pair = labelPair.exec(rest)
    if (pair === null) throw new Error(`Malformed labels: ${line}`)
    pairs.push(`${pair[1]}="${pair[2]}"`)
    rest = rest.slice(pair[0].length)
  }
  return pairs.sort().join(',')
}

function checkHistograms(types: ReadonlyMap<string, string>, values: ReadonlyMap<string, number>): void {
  for (const [name, type] of types) {
    if (type !== 'histogram') continue
    const last = new Map<string, number>()
    for (const [series, value] of values) {
      if (!series.startsWith(`${name}_bucket{`)) continue
      const rest = series
        .slice(name.length + 7)
        .replace(/,?le="[^"]*"/, '')
        .replace('{,', '{')
        .replace('{}', '')
      if (value < (last.get(rest) ?? 0)) throw new Error(`A bucket is smaller than the one before: ${series}`)
      last.set(rest, value)
    }
    for (const [labels, value] of last) {
      if (values.get(`${name}_count${labels}`) !== value)
        throw new Error(`${name}_count is not the last bucket.`)
    }
  }
}
