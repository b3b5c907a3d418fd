import { setTimeout as delay } from 'node:timers/promises'
import type { ClientError } from '../../kit/mcp/client-errors.ts'
import { clientErrorOf } from '../../kit/mcp/client-errors.ts'
import { type ClientKind, connectClients, type TestClient } from '../../kit/mcp/clients.ts'
import { until } from '../../kit/process.ts'

/** What became of one call of one member. */
export interface Outcome {
  readonly id: string
  readonly error?: ClientError
  /** What `count` said: where the session lives, and how many calls it remembers. */
  readonly replica?: string
  readonly count?: number
}

export interface Member {
  readonly client: TestClient
  readonly outcomes: Outcome[]
}

/** Official clients that call a tool over and over until they are to stop. */
export interface Fleet extends AsyncDisposable {
  readonly members: readonly Member[]
  /** Resolves when each member has had so many more answers, errors among them. */
  goOn(calls: number): Promise<void>
  /** Resolves when no call is under way any more. */
  stop(): Promise<void>
}

/** Connects `size` clients, of the kinds in turn, and lets them run. */
export async function startFleet(
  endpoint: string,
  size: number,
  kinds: readonly ClientKind[],
): Promise<Fleet> {
  const clients = await connectClients(size, kinds, endpoint)
  const members = clients.map((client): Member => ({ client, outcomes: [] }))
  let stopped = false
  const run = async ({ client, outcomes }: Member, name: string): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const id = `${name}-${turn}`
      try {
        // The pause is in the server, so that calls are under way at any time.
        await client.call('slow', { ms: 10 })
        const { replica, count } = await client.call('count', { call: id })
        outcomes.push({ id, replica, count })
      } catch (error) {
        outcomes.push({ id, error: clientErrorOf(error) })
        // An error that comes at once would make a loop without a pause.
        await delay(10)
      }
    }
  }
  const runs = members.map((member, index) => run(member, `${member.client.kind}-${index}`))
  return {
    members,
    async goOn(calls) {
      const goals = members.map(({ outcomes }) => outcomes.length + calls)
      await until(
        `${calls} more calls of each client`,
        () => members.every(({ outcomes }, index) => outcomes.length >= goals[index]!),
        60_000,
      )
    },
    async stop() {
      stopped = true
      await Promise.all(runs)
    },
    async [Symbol.asyncDispose]() {
      stopped = true
      await clients[Symbol.asyncDispose]()
    },
  }
}

export const errorsOf = ({ outcomes }: Member): Outcome[] =>
  outcomes.filter(({ error }) => error !== undefined)

/** The answers of a session as runs of one replica whose memory goes on: one where nothing was ever lost. */
export function livesOf({ outcomes }: Member): { replica: string; from: number; to: number }[] {
  const lives: { replica: string; from: number; to: number }[] = []
  for (const { replica, count } of outcomes) {
    if (replica === undefined || count === undefined) continue
    const last = lives.at(-1)
    if (last?.replica === replica && last.to + 1 === count) last.to = count
    else lives.push({ replica, from: count, to: count })
  }
  return lives
}
