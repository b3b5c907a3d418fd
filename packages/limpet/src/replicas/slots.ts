import { StartError } from '../errors.ts'
import { MAX_SLOTS, replicaId } from './replica-id.ts'

/** Gives replicas their slots and ids. One for each process, on its main thread. */
export class Slots {
  readonly #generations = new Uint32Array(MAX_SLOTS)
  readonly #ids = new Map<string, number>()
  readonly #names = new Map<number, { readonly service: string; readonly replica: string }>()
  /** Slots that were used before; taken again only when no fresh one is left, the oldest first. */
  readonly #freed: number[] = []
  #fresh = 0

  /** The id of a service's replica: the same as long as it is not freed. */
  idOf(service: string, replica: string): number {
    const key = `${service}\0${replica}`
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const slot = this.#fresh < MAX_SLOTS ? this.#fresh++ : this.#freed.shift()
    if (slot === undefined)
      throw new StartError('LIMPET_TOO_MANY_REPLICAS', `A router can know ${MAX_SLOTS} replicas at a time.`)
    const id = replicaId(slot, this.#generations[slot]!)
    this.#ids.set(key, id)
    this.#names.set(id, { service, replica })
    return id
  }

  /** The id of a service's replica that has one. */
  findId(service: string, replica: string): number | undefined {
    return this.#ids.get(`${service}\0${replica}`)
  }

  /** Whose id this is; undefined once it is freed. */
  nameOf(id: number): { readonly service: string; readonly replica: string } | undefined {
    return this.#names.get(id)
  }

  /** Gives back the slots of all replicas whose ids are not in `kept`; returns their ids. */
  freeOthers(kept: ReadonlySet<number>): number[] {
    const gone: number[] = []
    for (const [key, id] of this.#ids) {
      if (kept.has(id)) continue
      const slot = id % MAX_SLOTS
      this.#ids.delete(key)
      this.#names.delete(id)
      this.#generations[slot]!++
      this.#freed.push(slot)
      gone.push(id)
    }
    return gone
  }
}
