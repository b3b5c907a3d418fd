import type { EventStore } from '@modelcontextprotocol/server'

/** Keeps the events of a session's streams in memory; ids are `STREAM_NUMBER`. */
export function eventStore(): EventStore {
  const events: { stream: string; message: Parameters<EventStore['storeEvent']>[1] }[] = []
  const streamOf = (id: string) => events[numberOf(id)]?.stream
  return {
    storeEvent: async (stream, message) => `${stream}_${events.push({ stream, message }) - 1}`,
    getStreamIdForEventId: async (id) => streamOf(id),
    async replayEventsAfter(lastId, { send }) {
      const stream = streamOf(lastId)
      for (const [number, event] of events.entries()) {
        if (number <= numberOf(lastId) || event.stream !== stream) continue
        // The first event of a stream is empty: it only gives an id to come back with.
        if (Object.keys(event.message).length > 0) await send(`${event.stream}_${number}`, event.message)
      }
      return stream ?? ''
    },
  }
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('_') + 1))
}
