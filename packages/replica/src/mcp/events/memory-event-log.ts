import { SessionNotFoundError, StaleEpochError } from '../../errors.ts'
import { beginning, comparePositions } from '../../position.ts'
import type { SessionStore } from '../../store/store.ts'
import type { EventLimits, EventLog, LoggedEvent } from './event-log.ts'

interface MemoryEvent extends LoggedEvent {
  readonly streamId: string
  readonly keptAtMs: number
}

/** Keeps events in this process, of sessions that are in `store`. */
export function createMemoryEventLog(store: SessionStore, limits: EventLimits, now = Date.now): EventLog {
  const logs = new Map<string, MemoryEvent[]>()
  let sequence = 0
  const trimmed = (id: string): MemoryEvent[] => {
    const events = logs.get(id) ?? []
    let bytes = events.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
    for (let first = events[0]; first; first = events[0]) {
      const isOld = first.keptAtMs < now() - limits.ageMs
      if (!isOld && events.length <= limits.events && bytes <= limits.bytes) break
      bytes -= Buffer.byteLength(first.text)
      events.shift()
    }
    return events
  }
  return {
    async append(id, epoch, streamId, text) {
      const record = await store.look(id)
      if (!record) throw new SessionNotFoundError(id)
      if (record.epoch > epoch) throw new StaleEpochError(epoch, record.epoch)
      const position = `${epoch}-${++sequence}`
      const events = logs.get(id) ?? []
      logs.set(id, events)
      events.push({ position, streamId, text, keptAtMs: now() })
      trimmed(id)
      return position
    },
    async last(id) {
      return trimmed(id).at(-1)?.position ?? beginning
    },
    async after(id, streamId, position) {
      return trimmed(id).filter(
        (event) => event.streamId === streamId && comparePositions(event.position, position) > 0,
      )
    },
    async drop(id) {
      logs.delete(id)
    },
  }
}
