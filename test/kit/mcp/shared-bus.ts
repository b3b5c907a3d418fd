import { InMemoryServerEventBus, type ServerEvent, type ServerEventBus } from '@modelcontextprotocol/server'
import type { FromServer, ToServer } from './serve.ts'

/**
 * What the SDK wants of servers that are several: a change that one has published reaches the listeners of all. Here
 * it goes over the test that has started them.
 */
export function sharedBus(): ServerEventBus {
  const own = new InMemoryServerEventBus()
  process.on('message', ({ published }: ToServer) => {
    if (published !== undefined) own.publish(published)
  })
  return {
    publish(event: ServerEvent) {
      own.publish(event)
      process.send?.({ published: event } satisfies FromServer)
    },
    subscribe: (listener) => own.subscribe(listener),
  }
}
