import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PinnedProcess, waitForPort } from './measure/pinned-process.ts'
import { freePorts, type Stage } from './measure/stage.ts'
import type { Peer } from './peers/peer.ts'
import type { PlanReplicas } from './replicas/replica.ts'
import { verifyProxy } from './verify.ts'

/** A proxy that runs, listens and does what it should. */
export interface Launched {
  title: string
  port: number
  process: PinnedProcess
}

/** Starts a peer on the proxy's core and verifies it. Throws PeerMissing, or an error that says what is wrong. */
export async function launchPeer(
  stage: Stage,
  peer: Peer,
  replicaPorts: readonly number[],
  core: string,
): Promise<Launched> {
  const [port = 0] = await freePorts(1)
  const folder = stage.folder(peer.id)
  const plan = peer.plan({ folder, port, replicaPorts })
  writeFiles(folder, plan.files)
  const { command, environment = {} } = plan
  const process = stage.start({ cores: core, command, folder, environment })
  try {
    await waitForPort(process, port)
    await verifyProxy(port, replicaPorts)
  } catch (error) {
    await stage.stop(process)
    throw error
  }
  return { title: plan.title, port, process }
}

/** Starts a workload's replicas on the load side; returns their ports. */
export async function launchReplicas(
  stage: Stage,
  planReplicas: PlanReplicas,
  count: number,
  cores: string,
): Promise<number[]> {
  const ports = await freePorts(count)
  const folder = stage.folder('replicas')
  const plan = planReplicas(folder, ports)
  writeFiles(folder, plan.files)
  for (const [name, bytes] of Object.entries(plan.sparseFiles ?? {})) {
    writeFileSync(join(folder, name), '')
    truncateSync(join(folder, name), bytes)
  }
  const process = stage.start({ cores, command: plan.command, folder })
  for (const port of ports) await waitForPort(process, port)
  return ports
}

function writeFiles(folder: string, files: Readonly<Record<string, string>> = {}): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}
