/** Places in a log of messages: two whole numbers with a dash between them, which grow. */

/** Before the first message. */
export const beginning = '0-0'

/** Whether a client's text can be a position. */
export function isPosition(text: string): boolean {
  return /^\d{1,15}-\d{1,15}$/.test(text)
}

/** Below 0 when `a` comes before `b`. */
export function comparePositions(a: string, b: string): number {
  const [[aHigh = 0, aLow = 0], [bHigh = 0, bLow = 0]] = [a.split('-').map(Number), b.split('-').map(Number)]
  return aHigh - bHigh || aLow - bLow
}
