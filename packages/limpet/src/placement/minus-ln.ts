/**
 * -ln(h) for 0 < h <= 1, with the same bits on every machine. ECMAScript leaves the last bits of Math.log to
 * the engine, and routers that share nothing must order replicas alike; IEEE 754 fixes +, -, * and / exactly,
 * and this uses nothing else. h = m * 2^-e with m near 1, ln m = 2 atanh((m - 1) / (m + 1)) by its series up
 * to s^19, past which a term is below 2^-55 of the sum. Relative error under 2^-50.
 */
export function minusLn(h: number): number {
  let m = h
  let e = 0
  while (m < Math.SQRT1_2) {
    m *= 2
    e++
  }
  const s = (m - 1) / (m + 1)
  const q = s * s
  let sum = 1 / 19
  for (let k = 17; k > 0; k -= 2) sum = sum * q + 1 / k
  return e * Math.LN2 - 2 * s * sum
}
