import { type Channel, type ChannelOptions, openChannel } from '@limpet/replica/channel'
import { startRedis } from '../kit/redis-server.ts'
import { startRelay } from '../kit/relay.ts'
import { startRouter } from '../kit/router.ts'

/** Where channels meet: a store that can be lost and come back empty, behind a network that can break. */
export interface Place extends AsyncDisposable {
  open(options?: ChannelOptions): Promise<Channel>
  /** Ends it as `kill -9` does. What it held is gone. */
  kill(): Promise<void>
  /** Starts it again at the same address, empty. */
  restart(): Promise<void>
  /** Breaks the connections of all channels; it keeps what it holds. */
  cut(): void
  /** Has answers vanish on the connections that are open. */
  swallow(): void
}

export async function redisPlace(): Promise<Place> {
  const redis = await startRedis()
  const relay = await startRelay(redis.port)
  return {
    open: (options) => openChannel(`redis://127.0.0.1:${relay.port}`, options),
    kill: () => redis.stop('SIGKILL'),
    restart: () => redis.restart(),
    cut: () => relay.cut(),
    swallow: () => relay.swallow(),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

const token = 'a token of the tests'

export async function brokerPlace(): Promise<Place> {
  const start = () =>
    startRouter({
      config: 'services: [{ name: none, replicas: [] }]',
      workers: 1,
      env: { LIMPET_CHANNEL_TOKEN: token },
    })
  let router = await start()
  const relay = await startRelay(Number(new URL(router.adminUrl).port))
  return {
    open: (options) => openChannel(`http://127.0.0.1:${relay.port}`, { token, ...options }),
    async kill() {
      router.signal('SIGKILL')
      await router.exited
    },
    async restart() {
      await router[Symbol.asyncDispose]()
      router = await start()
      relay.target = Number(new URL(router.adminUrl).port)
    },
    cut: () => relay.cut(),
    swallow: () => relay.swallow(),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await router[Symbol.asyncDispose]()
    },
  }
}
