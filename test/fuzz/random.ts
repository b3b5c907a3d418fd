/** Seeded choices: the same seed gives the same run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [0, below). */
  below(below: number): number
  pick<T>(items: readonly T[]): T
  /** True in one of `n` cases. */
  oneIn(n: number): boolean
}

/** Mulberry32: small, fast and good enough to choose inputs with. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { next, below, pick: (items) => items[below(items.length)]!, oneIn: (n) => below(n) === 0 }
}

/** The seed of FUZZ_SEED, else one of this moment. */
export function chooseSeed(): number {
  const given = process.env.FUZZ_SEED
  return given === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(given)
}
