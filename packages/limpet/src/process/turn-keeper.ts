import type { MessagePort } from 'node:worker_threads'
import type { Turn, Turns } from '../session/turns.ts'
import type { TurnAnswer, TurnRequest } from './remote-turns.ts'

/** Serves one thread's `RemoteTurns`. When the thread is gone, so are its places in all lines. */
export function keepTurns(port: MessagePort, turns: Turns): void {
  const taken = new Map<number, Turn>()
  port.on('message', ({ id, key }: TurnRequest) => {
    if (key === undefined) {
      taken.get(id)?.leave()
      taken.delete(id)
      return
    }
    const answer = (granted: boolean): void => port.postMessage({ id, granted } satisfies TurnAnswer)
    taken.set(id, turns.take(key, answer))
  })
  port.on('close', () => {
    for (const turn of taken.values()) turn.leave()
    taken.clear()
  })
  port.unref()
}
