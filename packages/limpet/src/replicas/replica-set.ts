import type { ReplicaConfig, ServiceConfig } from '../config/schema.ts'
import type { PlacementReplica, PlacementView } from '../placement/placement.ts'
import { seedOf } from '../placement/seed.ts'
import type { PinTable } from '../session/pin-table.ts'
import type { ReplicaBoard } from './replica-board.ts'
import { slotOf } from './replica-id.ts'

/** One replica, as a thread that routes to it knows it. */
export interface Replica extends PlacementReplica {
  readonly config: ReplicaConfig
  readonly id: number
  readonly slot: number
}

/** The replicas of one service in one version of the config, as placement wants to see them. */
export class ReplicaSet implements PlacementView {
  /** Sorted by name, so that every router sees one order. */
  readonly replicas: readonly Replica[]
  /**
   * The same without the requests in flight, for sessions that lose their replica: their loads change from one
   * request of a session to the next, and all of them must find one new home.
   */
  readonly bySessions: PlacementView
  /** The same with live sessions and requests in flight as one load, for sessions that are to be spread evenly. */
  readonly byAllLoad: PlacementView
  /** The same with ejected ones: where all are, leaving them alone helps nobody. */
  readonly withEjected: PlacementView
  readonly #board: ReplicaBoard
  readonly #pins: PinTable
  readonly #indexById = new Map<number, number>()

  /** `ids` belong to `service.replicas`, place by place. */
  constructor(service: ServiceConfig, ids: readonly number[], board: ReplicaBoard, pins: PinTable) {
    this.#board = board
    this.#pins = pins
    this.replicas = service.replicas
      .map((config, index) => {
        const id = ids[index]!
        return {
          config,
          id,
          slot: slotOf(id),
          name: config.name,
          seed: seedOf(config.name),
          weight: config.weight,
        }
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    this.bySessions = {
      replicas: this.replicas,
      available: (index) => this.available(index),
      inFlight: () => 0,
      sessions: (index) => this.sessions(index),
    }
    this.byAllLoad = {
      ...this.bySessions,
      inFlight: (index) => this.inFlight(index) + this.sessions(index),
    }
    this.withEjected = {
      ...this.bySessions,
      available: (index) => this.#board.mayTakeNew(this.replicas[index]!.slot),
    }
    for (const [index, replica] of this.replicas.entries()) this.#indexById.set(replica.id, index)
  }

  /** The place of the replica with this id, or -1 when it is not (or no longer) one of the service's. */
  indexOf(id: number): number {
    return this.#indexById.get(id) ?? -1
  }

  available(index: number): boolean {
    return this.#board.takesNew(this.replicas[index]!.slot)
  }

  inFlight(index: number): number {
    return this.#board.inFlight(this.replicas[index]!.slot)
  }

  sessions(index: number): number {
    return this.#pins.liveOf(this.replicas[index]!.slot)
  }
}
