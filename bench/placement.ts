/**
 * What choosing a replica costs and how evenly it spreads: `node bench/placement.ts`. Uses one core for half a
 * minute. Times are the fastest of several rounds, since other work on the machine can only add to them;
 * everything else repeats itself exactly.
 */
import { cpus } from 'node:os'
import { createBounded } from '../packages/limpet/src/placement/bounded.ts'
import type { PlacementPolicy, PlacementView } from '../packages/limpet/src/placement/placement.ts'
import { createRendezvous } from '../packages/limpet/src/placement/rendezvous.ts'
import {
  firstOf,
  ones,
  sampleKey,
  sampleKeys,
  sampleView,
  seededRandom,
} from '../packages/limpet/src/placement/view.fixture.ts'

const sizes = [3, 16, 128, 1000]
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
const mean = (numbers: readonly number[]) => sum(numbers) / numbers.length
const repeat = (times: number, run: (round: number) => number) =>
  Array.from({ length: times }, (_, i) => run(i))

/** Prints rows under a header, columns aligned to the right. */
function printTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((cell, at) => Math.max(cell.length, ...rows.map((row) => row[at]!.length)))
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padStart(widths[at]!)).join('   ')
  console.log(`\n${title}\n${[header, ...rows].map(line).join('\n')}`)
}

/** Nanoseconds of a walk to its `candidates`-th candidate. */
function nanoseconds(policy: PlacementPolicy, view: PlacementView, candidates = 1): number {
  const keys = sampleKeys(1024, seededRandom(1))
  const walks = Math.ceil(2e6 / (view.replicas.length + 20))
  const rounds = repeat(9, () => {
    const begin = process.hrtime.bigint()
    for (let i = 0; i < walks; i++) {
      policy.start(keys[i & 1023]!, view)
      for (let candidate = 0; candidate < candidates; candidate++) policy.next()
    }
    return Number(process.hrtime.bigint() - begin) / walks
  })
  return Math.min(...rounds)
}

/** A view with about 32 sessions a replica, placed by rendezvous alone. */
function loadedView(weights: readonly number[]) {
  const view = sampleView(weights)
  const policy = createRendezvous()
  for (const key of sampleKeys(32 * weights.length, seededRandom(2))) {
    view.sessionCounts[firstOf(policy, key, view)]!++
  }
  return view
}

function withTotals(view: PlacementView): PlacementView {
  const indexes = [...view.replicas.keys()]
  const weight = sum(view.replicas.map((replica) => replica.weight))
  const sessions = sum(indexes.map((index) => view.sessions(index)))
  return { ...view, totals: { weight: () => weight, sessions: () => sessions, inFlight: () => 0 } }
}

/** The fullest replica's sessions over the mean, averaged over rounds in which `place` puts each session. */
function peakToMean(count: number, each: number, place: (random: () => number) => number): number {
  const random = seededRandom(3)
  const rounds = repeat(Math.max(2, Math.min(400, Math.ceil(2e6 / (count * each)))), () => {
    const counts = ones(count).map(() => 0)
    for (let i = 0; i < count * each; i++) counts[place(random)]!++
    return Math.max(...counts) / each
  })
  return mean(rounds)
}

/** Peak to mean of rendezvous, and of pure chance, below which no hashing can get. */
function peaks(count: number, each: number): string[] {
  const policy = createRendezvous()
  const view = sampleView(ones(count))
  const hashed = peakToMean(count, each, (random) => firstOf(policy, sampleKey(random), view))
  const chance = peakToMean(count, each, (random) => Math.floor(random() * count))
  return [hashed.toFixed(3), chance.toFixed(3)]
}

/** The share of keys that move when one replica leaves, as a multiple of 1/N, averaged over replicas that leave. */
function moved(count: number): number {
  const policy = createRendezvous()
  const view = sampleView(ones(count))
  const keys = sampleKeys(30_000, seededRandom(4))
  const before = keys.map((key) => firstOf(policy, key, view))
  const leaving = Math.min(count, 20)
  const shares = repeat(leaving, (round) => {
    const gone = Math.floor((count * round) / leaving)
    view.up[gone] = false
    const changed = keys.filter((key, at) => firstOf(policy, key, view) !== before[at]).length
    view.up[gone] = true
    return changed / keys.length
  })
  return mean(shares) * count
}

/**
 * The share of sessions that do not get their first choice, while `each` live on a replica on average: one ends,
 * chosen at random, for each that comes.
 */
function displaced(count: number, each: number, gap: number): number {
  const view = sampleView(ones(count))
  const live: number[] = []
  const policy = createBounded(createRendezvous(), { factor: 1.25, gap })
  const unbounded = createRendezvous()
  const random = seededRandom(5)
  const summed = { ...view, totals: { weight: () => count, sessions: () => live.length, inFlight: () => 0 } }
  const arrivals = 2 * count * each + 20_000
  let watched = 0
  let other = 0
  for (let arrival = 0; arrival < arrivals; arrival++) {
    if (live.length === count * each) {
      const at = Math.floor(random() * live.length)
      view.sessionCounts[live[at]!]!--
      live[at] = live.at(-1)!
      live.pop()
    }
    const key = sampleKey(random)
    const index = firstOf(policy, key, summed)
    if (arrival >= 2 * count * each) {
      watched++
      if (index !== firstOf(unbounded, key, view)) other++
    }
    view.sessionCounts[index]!++
    live.push(index)
  }
  return other / watched
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`

console.log(`Node.js ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, one thread`)

printTable(
  'Nanoseconds to the first candidate (to the second in the last two columns); bounded at 32 sessions a replica',
  [
    'N',
    'equal',
    'unequal',
    'bounded',
    'with sums',
    'unequal bounded',
    'with sums',
    'second',
    'unequal second',
  ],
  sizes.map((count) => {
    const weights = ones(count).map((_, i) => 1 + (i % 5) / 2)
    const [equal, unequal] = [loadedView(ones(count)), loadedView(weights)]
    const bounded = () => createBounded(createRendezvous())
    return [
      count,
      ...[
        nanoseconds(createRendezvous(), equal),
        nanoseconds(createRendezvous(), unequal),
        nanoseconds(bounded(), equal),
        nanoseconds(bounded(), withTotals(equal)),
        nanoseconds(bounded(), unequal),
        nanoseconds(bounded(), withTotals(unequal)),
        nanoseconds(createRendezvous(), equal, 2),
        nanoseconds(createRendezvous(), unequal, 2),
      ].map(Math.round),
    ].map(String)
  }),
)

printTable(
  'Evenness and disruption, equal weights',
  [
    'N',
    'peak/mean at 1,000 each',
    'pure chance',
    'at 32 each',
    'pure chance',
    'moved when one leaves, in 1/N',
  ],
  sizes.map((count) => [String(count), ...peaks(count, 1000), ...peaks(count, 32), moved(count).toFixed(2)]),
)

const loads = [8, 32, 128]
printTable(
  'Sessions displaced by the bound (factor 1.25) while sessions come and go, at 8, 32 and 128 a replica',
  ['N', ...loads.map((each) => `gap 8: ${each}`), ...loads.map((each) => `gap 0: ${each}`)],
  sizes.map((count) => [
    String(count),
    ...[8, 0].flatMap((gap) => loads.map((each) => percent(displaced(count, each, gap)))),
  ]),
)
