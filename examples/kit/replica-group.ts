import { replicaNames } from './replica-names.ts'
import { type ReplicaProcess, type ReplicaProcessOptions, startReplica } from './replica-process.ts'

/** A replica as the demo's page shows it. */
export interface ReplicaView {
  readonly name: string
  readonly state: 'starting' | 'ready' | 'draining' | 'dead'
  readonly pid: number
  readonly sockets: number
}

/** A replica as a router is to know it. */
export interface ReplicaRoute {
  readonly name: string
  readonly url: string
  readonly drain: boolean
}

/** What can't be done with the replicas of a demo as they are. */
export class GroupError extends Error {
  override readonly name = 'GroupError'
  readonly code: 'DEMO_UNKNOWN' | 'DEMO_FULL' | 'DEMO_LAST' | 'DEMO_DEAD' | 'DEMO_STOPPING'

  constructor(code: GroupError['code'], message: string) {
    super(message)
    this.code = code
  }
}

export interface ReplicaGroupOptions extends Omit<ReplicaProcessOptions, 'name' | 'onChange' | 'mayRestart'> {
  /** How long a replica drains before it is stopped. */
  readonly drainMs: number
  /** Has the router take up a new list; resolves when it has. */
  readonly route: (replicas: readonly ReplicaRoute[]) => Promise<void>
  readonly onChange: () => void
}

interface Member {
  readonly name: string
  /** Undefined until its process listens. */
  process: ReplicaProcess | undefined
  drain: NodeJS.Timeout | undefined
}

/** The replicas of a demo, each a process, and what its router knows of them. */
export class ReplicaGroup {
  readonly #options: ReplicaGroupOptions
  #members: Member[] = []
  #stopping = false

  constructor(options: ReplicaGroupOptions) {
    this.#options = options
  }

  get views(): ReplicaView[] {
    return this.#members.map(({ name, process, drain }) => {
      const { pid = 0, sockets = 0, state = 'starting' } = process ?? {}
      return { name, pid, sockets, state: state === 'ready' && drain !== undefined ? 'draining' : state }
    })
  }

  /** Starts so many at once and resolves when the router knows them; rejects, and some may run, where one can't. */
  async start(count: number): Promise<void> {
    const names = replicaNames.slice(0, count)
    this.#members = names.map((name) => ({ name, process: undefined, drain: undefined }))
    await Promise.all(this.#members.map((member) => this.#launch(member)))
    await this.#route()
  }

  /** Adds one by a free name and resolves when the router knows it. */
  async add(): Promise<void> {
    if (this.#stopping) throw new GroupError('DEMO_STOPPING', 'The demo stops.')
    const free = replicaNames.find((name) => this.#members.every((member) => member.name !== name))
    if (free === undefined)
      throw new GroupError('DEMO_FULL', `The demo has ${replicaNames.length} replicas, its most.`)
    const member: Member = { name: free, process: undefined, drain: undefined }
    this.#members.push(member)
    this.#options.onChange()
    try {
      await this.#launch(member)
    } catch (error) {
      this.#members = this.#members.filter((other) => other !== member)
      this.#options.onChange()
      throw error
    }
    // The demo may have been told to stop meanwhile.
    if (this.#stopping) await member.process?.stop()
    else await this.#route()
  }

  /** Has one drain, which is stopped when its time is over, or at once when it dies meanwhile. */
  async drain(name: string): Promise<void> {
    const member = this.#find(name)
    if (member.drain !== undefined) return
    const others = this.#members.filter((other) => other !== member && takesSessions(other))
    if (others.length === 0)
      throw new GroupError('DEMO_LAST', 'There is no other replica for the sessions: add one first.')
    member.drain = setTimeout(() => void this.#remove(member), this.#options.drainMs)
    this.#options.onChange()
    await this.#route()
  }

  /** Ends the process of one as `kill -9` does. */
  kill(name: string): void {
    const { process } = this.#find(name)
    if (process?.state !== 'ready') throw new GroupError('DEMO_DEAD', `${name} doesn't run right now.`)
    process.kill()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    for (const { drain } of this.#members) clearTimeout(drain)
    await Promise.all(this.#members.map(({ process }) => process?.stop()))
  }

  #find(name: string): Member {
    const member = this.#members.find((each) => each.name === name)
    if (member === undefined) throw new GroupError('DEMO_UNKNOWN', `There is no replica ${name}.`)
    return member
  }

  async #launch(member: Member): Promise<void> {
    const { drainMs: _, route: __, onChange, ...options } = this.#options
    const onProcess = (): void => {
      if (member.drain !== undefined && member.process?.state === 'dead') void this.#remove(member)
      onChange()
    }
    const mayRestart = () => member.drain === undefined
    member.process = await startReplica({ ...options, name: member.name, onChange: onProcess, mayRestart })
    onChange()
  }

  /** Takes one off the router's list, then ends its process. */
  async #remove(member: Member): Promise<void> {
    clearTimeout(member.drain)
    if (!this.#members.includes(member) || this.#stopping) return
    this.#members = this.#members.filter((other) => other !== member)
    this.#options.onChange()
    await this.#route()
    await member.process?.stop()
  }

  #route(): Promise<void> {
    const running = this.#members.filter(({ process }) => process !== undefined)
    return this.#options.route(
      running.map(({ name, process, drain }) => ({
        name,
        url: process!.url,
        drain: drain !== undefined,
      })),
    )
  }
}

function takesSessions({ process, drain }: Member): boolean {
  return process?.state === 'ready' && drain === undefined
}
