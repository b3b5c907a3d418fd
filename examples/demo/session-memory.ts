/** What one replica remembers of its conversations, and nobody else does. */
export interface SessionMemory {
  /** How many turns of this session were taken here; 0 for one that was never here or is forgotten. */
  turnsOf(session: string): number
  /** Counts one more turn of this session and returns its number, from 1. */
  takeTurn(session: string): number
}

/** A memory of at most `maxSessions` sessions; past that, the one that has been quiet the longest is forgotten. */
export function createSessionMemory(maxSessions: number): SessionMemory {
  // A Map keeps the order of insertion, and every turn inserts its session anew: the first is the quietest.
  const turns = new Map<string, number>()
  return {
    turnsOf: (session) => turns.get(session) ?? 0,
    takeTurn(session) {
      const turn = (turns.get(session) ?? 0) + 1
      turns.delete(session)
      turns.set(session, turn)
      if (turns.size > maxSessions) turns.delete(turns.keys().next().value as string)
      return turn
    },
  }
}
