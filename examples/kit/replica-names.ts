/** What the replicas of a demo are called, in the order in which they are added; also the most there can be. */
export const replicaNames = ['otter', 'seal', 'heron', 'puffin', 'crab', 'plover', 'urchin', 'tern'] as const

/**
 * How many replicas an option asks for.
 * @throws {Error} for what is no number of replicas; the message is for the user
 */
export function readReplicaCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= replicaNames.length) return count
  throw new Error(`--replicas takes a number from 1 to ${replicaNames.length}, not "${text}".`)
}
