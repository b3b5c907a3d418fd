import { type Launched, launchPeer, launchReplicas } from './launch.ts'
import type { Cores } from './measure/cores.ts'
import { describeMachine } from './measure/machine.ts'
import type { Stage } from './measure/stage.ts'
import type { Peer } from './peers/peer.ts'
import { directId, type Result } from './summary/result.ts'
import type { Target, Values, Workload } from './workloads/workload.ts'

export interface RoundsOptions {
  workload: Workload
  peers: readonly Peer[]
  rounds: number
  seconds: number
  cores: Cores
  stage: Stage
  /** Told what happens, a line at a time. */
  say(line: string): void
}

/** Something that can be measured in every round. */
interface Subject {
  id: string
  title: string
  measure(): Promise<Values>
  /** Ends what it left running. */
  stop(): Promise<void>
}

const replicaCount = 3

/**
 * Measures all peers in turn, round after round: A B C, C B A, A B C and so on, so that neither a drift of the
 * machine nor a place in the order favours one. A peer that can't be started or fails while it is measured is left
 * out from then on, with the reason.
 */
export async function measureRounds(options: RoundsOptions): Promise<Result> {
  const { workload, peers, rounds, seconds, cores, stage, say } = options
  const replicaPorts = await launchReplicas(stage, workload.replicas, replicaCount, cores.load)
  const result: Result = {
    workload: workload.id,
    title: workload.title,
    metrics: workload.metrics,
    machine: describeMachine(cores),
    startedAt: new Date().toISOString(),
    seconds,
    rounds,
    subjects: [],
    samples: [],
    leftOut: [],
  }
  const leaveOut = (id: string, error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    say(`left out: ${id}: ${reason}`)
    result.leftOut.push({ id, reason: reason.split('\n').at(-1) ?? '' })
    result.samples = result.samples.filter((sample) => sample.subject !== id)
    result.subjects = result.subjects.filter((subject) => subject.id !== id)
  }

  let subjects: Subject[] = []
  if (!workload.withoutDirect) subjects.push(await prepareDirect(options, replicaPorts[0]!))
  for (const peer of peers) {
    try {
      subjects.push(await preparePeer(options, peer, replicaPorts))
    } catch (error) {
      leaveOut(peer.id, error)
    }
  }
  result.subjects = subjects.map(({ id, title }) => ({ id, title }))

  for (let round = 0; round < rounds; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      say(`round ${round + 1} of ${rounds}: ${subject.title}`)
      try {
        result.samples.push({ round, subject: subject.id, values: await subject.measure() })
      } catch (error) {
        leaveOut(subject.id, error)
        subjects = subjects.filter((each) => each !== subject)
        await subject.stop()
      }
    }
  }
  return result
}

async function prepareDirect(
  { workload, seconds, cores, stage }: RoundsOptions,
  port: number,
): Promise<Subject> {
  const target = { port, pid: undefined, seconds, cores, stage }
  await workload.warmUp(target)
  return { id: directId, title: 'no proxy', measure: () => workload.measure(target), stop: async () => {} }
}

/** Starts and warms up a peer, for all rounds or, where the workload wants fresh ones, once to see that it works. */
async function preparePeer(
  { workload, seconds, cores, stage, say }: RoundsOptions,
  peer: Peer,
  replicaPorts: readonly number[],
): Promise<Subject> {
  const targetOf = ({ port, process }: Launched): Target => ({
    port,
    pid: process.pid,
    seconds,
    cores,
    stage,
  })
  const launch = () => launchPeer(stage, peer, replicaPorts, cores.proxy)
  const launched = await launch()
  say(`${launched.title} answers, sticks, forwards and keeps connections`)
  const stop = () => stage.stop(launched.process)
  if (!workload.freshProxy) {
    try {
      await workload.warmUp(targetOf(launched))
    } catch (error) {
      await stop()
      throw error
    }
    const measure = () => workload.measure(targetOf(launched))
    return { id: peer.id, title: launched.title, measure, stop }
  }
  await stop()
  return {
    id: peer.id,
    title: launched.title,
    stop,
    measure: async () => {
      const fresh = await launch()
      try {
        await workload.warmUp(targetOf(fresh))
        return await workload.measure(targetOf(fresh))
      } finally {
        await stage.stop(fresh.process)
      }
    },
  }
}
