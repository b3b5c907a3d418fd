/** Messages between replicas: a topic's subscribers get what is published there, wherever it is. */
export {
  ChannelError,
  MessageTooLargeError,
  ReplicaError,
  SettingsError,
  TopicError,
} from '../errors.ts'
export type { Channel, ChannelMessage, Published, Retention, Subscription } from './channel.ts'
export { type ChannelOptions, openChannel } from './open-channel.ts'
