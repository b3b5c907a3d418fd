import type { FleetService } from './fleet.ts'

/** A replica by names that mean the same to all routers. */
export interface ReplicaName {
  readonly service: string
  readonly replica: string
}

/** Ids of replicas, which are this process's own, by their names and back. */
export class ReplicaNames {
  readonly #services: () => readonly FleetService[]
  #of: readonly FleetService[] | undefined
  readonly #names = new Map<number, ReplicaName>()
  readonly #ids = new Map<string, number>()

  /** `services`: those of the config in force; a new config brings a new list. */
  constructor(services: () => readonly FleetService[]) {
    this.#services = services
  }

  /** Undefined where no replica has this id now. */
  nameOf(id: number): ReplicaName | undefined {
    this.#refresh()
    return this.#names.get(id)
  }

  /** -1 where no replica is named so now. */
  idOf({ service, replica }: ReplicaName): number {
    this.#refresh()
    return this.#ids.get(JSON.stringify([service, replica])) ?? -1
  }

  #refresh(): void {
    const services = this.#services()
    if (services === this.#of) return
    this.#of = services
    this.#names.clear()
    this.#ids.clear()
    for (const { config, replicas } of services) {
      for (const { id, config: replica } of replicas) {
        const name = { service: config.name, replica: replica.name }
        this.#names.set(id, name)
        this.#ids.set(JSON.stringify([name.service, name.replica]), id)
      }
    }
  }
}
