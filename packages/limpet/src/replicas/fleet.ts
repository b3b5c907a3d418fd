import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Config, HealthConfig, ReplicaConfig, ServiceConfig } from '../config/schema.ts'
import { StartError } from '../errors.ts'
import { type CounterReader, MAX_SERVICES } from '../observe/counters.ts'
import { Drains } from './drains.ts'
import { watchHealth } from './health.ts'
import type { Health, ReplicaBoard } from './replica-board.ts'
import { slotOf } from './replica-id.ts'
import { Slots } from './slots.ts'

/** One replica of the fleet, as the main thread knows it. */
export interface FleetReplica {
  readonly config: ReplicaConfig
  readonly id: number
  readonly slot: number
}

/** One service of the fleet. */
export interface FleetService {
  readonly config: ServiceConfig
  /** The place of its counters. */
  readonly index: number
  readonly replicas: readonly FleetReplica[]
}

interface HealthWatch {
  readonly replica: ReplicaConfig
  readonly health: HealthConfig
  readonly end: AbortController
}

/** All services and replicas of the process: gives them their places, puts them on the board, watches their health. */
export class Fleet {
  services: readonly FleetService[] = []
  readonly #board: ReplicaBoard
  readonly #counters: CounterReader
  readonly #log: Logger
  readonly #drains: Drains
  readonly #slots = new Slots()
  readonly #indexes = new Map<string, number>()
  readonly #watches = new Map<number, HealthWatch>()
  /** The ids of replicas that are down for whoever knows better than checks do. */
  readonly #held = new Set<number>()

  constructor(board: ReplicaBoard, counters: CounterReader, log: Logger) {
    this.#board = board
    this.#drains = new Drains(board)
    this.#counters = counters
    this.#log = log
  }

  /**
   * Gives places to all that `config` names and puts new replicas on the board, before any thread routes by it.
   * What it no longer names stays until `settle`.
   */
  admit(config: Config): { serviceIndexes: number[]; replicaIds: number[][] } {
    const serviceIndexes = config.services.map(({ name }) => this.#indexOf(name))
    const replicaIds = config.services.map((service) =>
      service.replicas.map((replica) => this.#slots.idOf(service.name, replica.name)),
    )
    for (const [place, service] of config.services.entries()) {
      for (const [at, replica] of service.replicas.entries())
        this.#setMode(slotOf(replicaIds[place]![at]!), replica.drain, service.drainTimeoutMs)
    }
    return { serviceIndexes, replicaIds }
  }

  /** All threads route by `config`: takes off the board what it does not name, and watches what it does. */
  settle(config: Config): void {
    const { serviceIndexes, replicaIds } = this.admit(config)
    this.services = config.services.map((service, place) => ({
      config: service,
      index: serviceIndexes[place]!,
      replicas: service.replicas.map((replica, at) => {
        const id = replicaIds[place]![at]!
        return { config: replica, id, slot: slotOf(id) }
      }),
    }))
    for (const id of this.#slots.freeOthers(new Set(replicaIds.flat()))) {
      this.#drains.forget(slotOf(id))
      this.#board.remove(slotOf(id))
      this.#counters.clearReplica(slotOf(id))
      this.#held.delete(id)
      this.#unwatch(id)
    }
    for (const [name, index] of this.#indexes) {
      if (config.services.some((service) => service.name === name)) continue
      this.#indexes.delete(name)
      this.#counters.clearService(index)
    }
    for (const service of this.services) for (const replica of service.replicas) this.#watch(service, replica)
  }

  /**
   * Takes a replica out at once, for one who knows that it can't serve, such as the parent of its process. It stays
   * out, whatever checks would find, until `release`. A replica that the config does not name is left alone.
   */
  hold(service: string, replica: string): void {
    const found = this.#find(service, replica)
    if (found === undefined) return
    this.#held.add(found.replica.id)
    this.#unwatch(found.replica.id)
    this.#board.setHealth(found.replica.slot, 'down')
  }

  /** Puts it back at once: it is up until checks, which begin anew, say otherwise. */
  release(service: string, replica: string): void {
    const found = this.#find(service, replica)
    if (found === undefined || !this.#held.delete(found.replica.id)) return
    this.#board.setHealth(found.replica.slot, 'up')
    this.#watch(found.service, found.replica)
  }

  /** How many requests are under way there. */
  inFlight(service: string, replica: string): number {
    const found = this.#find(service, replica)
    return found === undefined ? 0 : this.#board.inFlight(found.replica.slot)
  }

  /** The replica of an id, by the names that other routers know it by too. */
  nameOf(id: number): { readonly service: string; readonly replica: string } | undefined {
    return this.#slots.nameOf(id)
  }

  /** The id of a replica here; undefined: this router knows none of these names. */
  findId(service: string, replica: string): number | undefined {
    return this.#slots.findId(service, replica)
  }

  stop(): void {
    this.#drains.stop()
    for (const id of [...this.#watches.keys()]) this.#unwatch(id)
  }

  #find(service: string, replica: string): { service: FleetService; replica: FleetReplica } | undefined {
    const ofService = this.services.find(({ config }) => config.name === service)
    const found = ofService?.replicas.find(({ config }) => config.name === replica)
    return ofService && found && { service: ofService, replica: found }
  }

  #setMode(slot: number, drains: boolean, timeoutMs: number): void {
    if (this.#board.mode(slot) === undefined) this.#board.add(slot, drains ? 'draining' : 'ready')
    if (drains) this.#drains.begin(slot, timeoutMs)
    else this.#drains.end(slot)
  }

  #indexOf(name: string): number {
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const taken = new Set(this.#indexes.values())
    let index = 0
    while (taken.has(index)) index++
    if (index >= MAX_SERVICES)
      throw new StartError(
        'LIMPET_TOO_MANY_SERVICES',
        `A router can have ${MAX_SERVICES} services at a time.`,
      )
    this.#indexes.set(name, index)
    return index
  }

  #watch(service: FleetService, { config: replica, id, slot }: FleetReplica): void {
    if (this.#held.has(id)) return
    const { health } = service.config
    const known = this.#watches.get(id)
    const same = known !== undefined && isDeepStrictEqual([known.replica, known.health], [replica, health])
    if (same) return
    this.#unwatch(id)
    if (health === undefined) {
      this.#board.setHealth(slot, 'up')
      return
    }
    const end = new AbortController()
    this.#watches.set(id, { replica, health, end })
    const onChange = (health: Health, reason: string): void => {
      const before = this.#board.health(slot)
      this.#board.setHealth(slot, health)
      const fields = { service: service.config.name, replica: replica.name, reason }
      if (health === 'down') this.#log.warn(fields, 'a replica is down')
      else if (health === 'unready') this.#log.warn(fields, 'a replica is not ready')
      else if (before !== 'up') this.#log.info(fields, 'a replica is up again')
    }
    watchHealth({ replica, onChange }, health, end.signal)
  }

  #unwatch(id: number): void {
    this.#watches.get(id)?.end.abort()
    this.#watches.delete(id)
  }
}
