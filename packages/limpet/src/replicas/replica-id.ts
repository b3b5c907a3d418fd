/** How many replicas a process can know at a time; shared counters have a cell for each. */
export const MAX_SLOTS = 16_384

const SLOT_BITS = 14
const GENERATIONS = 2 ** (32 - SLOT_BITS)

/** A slot's id in one of its lives: a slot that is used anew must not inherit the pins of its last replica. */
export function replicaId(slot: number, generation: number): number {
  return (generation % GENERATIONS) * MAX_SLOTS + slot
}

/** The slot of a replica id. */
export function slotOf(id: number): number {
  return id & (MAX_SLOTS - 1)
}
