import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Reads `+ GROUP` and `- GROUP`. When its input ends, as it does however the process at the other end has ended, it
 * ends the groups that are left: SIGTERM, and SIGKILL after $2 seconds. Then it removes the folder $1. Signals that
 * a terminal sends to all that runs in it are not for the guard.
 */
const script = `
trap '' INT TERM HUP
all=
while read -r change group; do
  case $change in
    +) all="$all $group" ;;
    -) left=
       for one in $all; do [ "$one" = "$group" ] || left="$left $one"; done
       all=$left ;;
  esac
done
for group in $all; do kill -s TERM -- "-$group" 2>/dev/null; done
waited=0
while [ "$waited" -lt "$2" ]; do
  left=
  for group in $all; do kill -s 0 -- "-$group" 2>/dev/null && left=yes; done
  [ -n "$left" ] || break
  sleep 1
  waited=$((waited + 1))
done
for group in $all; do kill -s KILL -- "-$group" 2>/dev/null; done
[ -z "$1" ] || rm -rf -- "$1"
`

const RESTART_MS = 1000

/** What a guard has to do when the process that it watches over is gone. */
export interface GuardOptions {
  /** To be removed; undefined: none. */
  readonly folder: string | undefined
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number
}

/**
 * A small process (`sh`) that outlives this one and ends the process groups that this one has left behind, even when
 * it was killed with SIGKILL and could do nothing itself. Linux could signal children of a parent that dies
 * (PR_SET_PDEATHSIG), but no program can ask for that from Node, and other systems don't have it.
 */
export class Guard {
  readonly #options: GuardOptions
  readonly #groups = new Set<number>()
  #child: ChildProcess
  #restart: NodeJS.Timeout | undefined
  #closing = false

  constructor(options: GuardOptions) {
    this.#options = options
    this.#child = this.#start()
  }

  /** The group is to be ended when this process is gone. */
  add(group: number): void {
    this.#groups.add(group)
    this.#tell(`+ ${group}\n`)
  }

  /** The group has ended; its number may be another's soon. */
  remove(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`- ${group}\n`)
  }

  /** Ends the guard, which does now what it is there for. Resolves when it is done. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#restart)
    const child = this.#child
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.stdin!.end()
    await ended
  }

  #start(): ChildProcess {
    const { folder = '', graceMs } = this.#options
    const args = ['-c', script, 'limpet-guard', folder, `${Math.ceil(graceMs / 1000)}`]
    // In a group of its own, out of reach of what is sent to this process's group.
    const child = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    child.stdin!.on('error', () => undefined)
    child.on('error', () => undefined)
    child.once('exit', () => {
      if (this.#closing) return
      this.#restart = setTimeout(() => {
        this.#child = this.#start()
        for (const group of this.#groups) this.#tell(`+ ${group}\n`)
      }, RESTART_MS)
      this.#restart.unref()
    })
    return child
  }

  #tell(line: string): void {
    const { stdin } = this.#child
    if (stdin?.writable) stdin.write(line)
  }
}
