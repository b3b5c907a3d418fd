import {
  isAnnounced,
  type OpenPinStore,
  type PinStoreEvents,
  type StoredNote,
  type StoredPin,
} from './pin-store.ts'
import { extended, precedence } from './precedence.ts'

/**
 * A store in this process: each call of what is returned opens it once more. For tests, and for programs with
 * several routers. It forgets all when the process ends, and expired records when their key is touched.
 */
export function memoryStore(): OpenPinStore {
  const pins = new Map<string, StoredPin>()
  const notes = new Map<string, StoredNote>()
  const watchers = new Set<PinStoreEvents>()
  return async (events) => {
    watchers.add(events)
    return {
      write: async (offers) =>
        offers.flatMap((offered) => {
          const standing = pins.get(offered.key)
          const outcome = precedence(standing, offered, Date.now())
          if (outcome === 'yields') return [{ offered, standing: standing! }]
          if (outcome === 'removes') pins.delete(offered.key)
          else pins.set(offered.key, outcome === 'takes' ? offered : extended(standing!, offered))
          if (outcome === 'takes' && isAnnounced(offered))
            for (const other of watchers) if (other !== events) queueMicrotask(() => other.changed(offered))
          return []
        }),
      read: async (keys) =>
        keys.map((key) => {
          const pin = pins.get(key)
          if (pin === undefined || pin.expiresAtMs > Date.now()) return pin
          pins.delete(key)
          return undefined
        }),
      writeNotes: async (offered) =>
        offered.map((note) => {
          const standing = notes.get(note.key)
          const nowMs = Date.now()
          if (note.expiresAtMs <= nowMs) notes.delete(note.key)
          else if (standing === undefined || standing.expiresAtMs <= nowMs || replaces(note, standing))
            notes.set(note.key, note)
          else return standing.text
          return undefined
        }),
      readNote: async (key) => {
        const note = notes.get(key)
        return note !== undefined && note.expiresAtMs > Date.now() ? note.text : undefined
      },
      check: async () => undefined,
      close: async () => void watchers.delete(events),
    }
  }
}

/** Whether a note takes the place of one that stands. */
function replaces(offered: StoredNote, standing: StoredNote): boolean {
  if (offered.version !== standing.version) return offered.version > standing.version
  return offered.owner === standing.owner
}
