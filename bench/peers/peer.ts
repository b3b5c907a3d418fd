import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A proxy to measure. */
export interface Peer {
  readonly id: string
  /** Says how to run it. Throws PeerMissing when it isn't installed. */
  plan(settings: PeerSettings): PeerPlan
}

export interface PeerSettings {
  /** A folder of its own, for its config and what it writes. */
  folder: string
  /** Where it has to listen, on 127.0.0.1. */
  port: number
  /** Where the replicas listen, on 127.0.0.1. */
  replicaPorts: readonly number[]
}

export interface PeerPlan {
  /** Name and version, for the results. */
  title: string
  /** The program and its arguments; it has to stay in the foreground. */
  command: readonly string[]
  environment?: Readonly<Record<string, string>>
  /** Files to write into the folder first, by name. */
  files?: Readonly<Record<string, string>>
}

/** A peer that this machine can't run; the message says what is missing. */
export class PeerMissing extends Error {}

/** Where `install-peers.ts` puts what it installs. Not below node_modules, which `npm ci` empties. */
export const installFolder = fileURLToPath(new URL('../../.cache/bench/', import.meta.url))

/** The folder of the Python environment's packages, whatever its Python is called. */
export const wheelFolder = join(installFolder, 'venv', 'packages')

/** The path itself, or PeerMissing. */
export function installed(path: string, hint = 'run "node bench/install-peers.ts"'): string {
  if (!existsSync(path)) throw new PeerMissing(`${path} is not there; ${hint}`)
  return path
}

/** The first match of a pattern in what a program prints about its version. */
export function versionOf(command: readonly string[], pattern: RegExp): string {
  const [file = '', ...args] = command
  // nginx prints its version to standard error.
  const text = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', file, ...args], { encoding: 'utf8' })
  return pattern.exec(text)?.[1] ?? 'of unknown version'
}

/** One line for each replica. */
export function eachReplica(ports: readonly number[], line: (port: number, index: number) => string): string {
  return ports.map(line).join('\n')
}
