import { SettingsError } from '../errors.ts'
import { connectBrokerTransport } from './broker-transport.ts'
import type { Channel, Retention } from './channel.ts'
import { connectRedisTransport } from './redis-transport.ts'
import { TopicChannel } from './topic-channel.ts'
import type { Transport } from './transport.ts'

export interface ChannelOptions {
  /** What a router's broker wants to see; by default the environment's LIMPET_CHANNEL_TOKEN. */
  readonly token?: string
  /** How long connecting, and publishing a message, may take; 5 s by default. */
  readonly timeoutMs?: number
  /** What is kept in Redis: by default 1,000 messages a topic, 1 MiB, 10 minutes. A router's broker has its own. */
  readonly retention?: Partial<Retention>
}

const defaultRetention: Retention = { messages: 1000, bytes: 1024 * 1024, ageMs: 600_000 }

/**
 * Opens a channel. `address`, by default the environment's LIMPET_CHANNEL: `redis://…` or `rediss://…`, or the admin
 * listener of a router (`http://127.0.0.1:8081`), which keeps topics in its own memory.
 * @throws {SettingsError} when the address can't be used, or the router refuses the token
 * @throws {ChannelError} when there is no answer in time
 */
export async function openChannel(
  address: string | undefined = process.env.LIMPET_CHANNEL,
  options: ChannelOptions = {},
): Promise<Channel> {
  const { timeoutMs = 5000, retention } = options
  if (!address) throw new SettingsError('Give the channel an address, or set LIMPET_CHANNEL.')
  const channel = new TopicChannel(timeoutMs)
  channel.use(await connect(channel))
  return channel

  function connect(events: TopicChannel): Promise<Transport> {
    if (/^rediss?:/.test(address!))
      return connectRedisTransport(address!, { ...defaultRetention, ...retention }, timeoutMs, events)
    if (!/^https?:/.test(address!) || !URL.canParse(address!))
      throw new SettingsError('The address of a channel begins with redis:, rediss: or http:.')
    const token = options.token ?? process.env.LIMPET_CHANNEL_TOKEN
    if (!token) throw new SettingsError("Give the channel the router's token, or set LIMPET_CHANNEL_TOKEN.")
    return connectBrokerTransport(address!, token, timeoutMs, events)
  }
}
