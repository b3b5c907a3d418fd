import { createClient } from '@redis/client'
import { ChannelError, NoSpaceError, SettingsError } from '../errors.ts'
import { beginning } from '../position.ts'
import { isOutOfMemory, redisOptions } from '../redis-options.ts'
import { withinTime } from '../within-time.ts'
import type { Retention } from './channel.ts'
import { publishScript, readScript } from './redis-channel-scripts.ts'
import type { Entry, Reading, Transport, TransportEvents } from './transport.ts'

const PREFIX = 'limpet:channel:'
/** How many entries are read at a time. */
const READ_COUNT = 200
/** For how many retentions a topic without messages remembers its last position. */
const REMEMBERED = 144

/**
 * Keeps topics in Redis or Valkey (6.2 or newer), one stream each, with entries also published as they come: thousands
 * of topics cost one connection and no blocking reads.
 * @throws {SettingsError} when the URL can't be used
 * @throws {ChannelError} when there is no answer in time
 */
export async function connectRedisTransport(
  url: string,
  { messages, bytes, ageMs }: Retention,
  timeoutMs: number,
  events: TransportEvents,
): Promise<Transport> {
  const calls = clientFor(url, timeoutMs)
  const listener = calls.duplicate()
  const topics = new Map<string, (text: string, channel: string) => void>()
  const limits = [messages, bytes, ageMs, REMEMBERED * ageMs].map(String)
  const run = <T>(work: Promise<T>): Promise<T> => inTime(work, timeoutMs)
  let isFirst = true
  // What is wrong is told by the calls that fail; without a listener the process would end.
  calls.on('error', () => {})
  listener.on('error', () => {})
  // The client has subscribed anew by then.
  listener.on('ready', () => {
    if (!isFirst) events.onBack()
    isFirst = false
  })
  const close = async (): Promise<void> => {
    listener.destroy()
    calls.destroy()
  }
  try {
    await run(Promise.all([calls.connect(), listener.connect()]))
  } catch (error) {
    await close()
    throw error
  }
  return {
    close,
    publish: async (topic, id, text) => {
      const keys = keysOf(topic)
      return String(
        await run(calls.eval(publishScript, { keys, arguments: [channelOf(topic), id, text, ...limits] })),
      )
    },
    async listen(topic) {
      if (topics.has(topic)) return
      const take = (text: string): void => {
        const entry = entryOf(text)
        if (entry !== undefined) events.onEntry(topic, entry)
      }
      topics.set(topic, take)
      try {
        await run(listener.subscribe(channelOf(topic), take))
      } catch (error) {
        topics.delete(topic)
        throw error
      }
    },
    unlisten(topic) {
      const take = topics.get(topic)
      topics.delete(topic)
      // Where the connection is lost, it is not subscribed anew.
      if (take !== undefined) listener.unsubscribe(channelOf(topic), take).catch(() => undefined)
    },
    async read(topic, after) {
      const count = after === undefined ? 0 : READ_COUNT
      const keys = keysOf(topic)
      const reply = await run(
        calls.eval(readScript, { keys, arguments: [after ?? beginning, `${Math.max(1, count)}`] }),
      )
      const [last = beginning, ...parts] = (reply as readonly unknown[]).map(String)
      return readingOf(last, after === undefined ? [] : parts)
    },
  }
}

function readingOf(last: string, parts: readonly string[]): Reading {
  const entries: Entry[] = []
  for (let at = 0; at + 3 < parts.length; at += 4) {
    const [position = '', previous = '', id = '', text = ''] = parts.slice(at, at + 4)
    entries.push({ position, previous, id, text })
  }
  return { last, entries, more: entries.length === READ_COUNT }
}

/** `{…}`: a cluster's hash tag, so that both are in one slot there. */
function keysOf(topic: string): string[] {
  return [`${PREFIX}{${topic}}:log`, `${PREFIX}{${topic}}:last`]
}

function channelOf(topic: string): string {
  return `${PREFIX}${topic}`
}

function entryOf(text: string): Entry | undefined {
  const [, position, previous, id, data] = /^(\d+-\d+) (\d+-\d+) (\S+) (.*)$/s.exec(text) ?? []
  if (position === undefined || previous === undefined || id === undefined || data === undefined)
    return undefined
  return { position, previous, id, text: data }
}

function clientFor(url: string, timeoutMs: number) {
  try {
    return createClient(redisOptions(url, timeoutMs))
  } catch (cause) {
    throw new SettingsError('The URL of the channel can not be used.', { cause })
  }
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  try {
    return await withinTime(work, ms)
  } catch (cause) {
    if (isOutOfMemory(cause)) throw new NoSpaceError({ cause })
    throw new ChannelError('The Redis server of the channel does not answer, or refused the command.', {
      cause,
    })
  }
}
