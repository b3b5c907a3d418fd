import { Writable } from 'node:stream'
import { pino } from 'pino'
import { type StoreConfig, storeSchema } from '../config/store-schema.ts'
import { PinJournal } from '../session/pin-journal.ts'
import { createPinMemory, noReplica, type PinMemory } from '../session/pin-memory.ts'
import { PinScan } from '../session/pin-scan.ts'
import { PinTable } from '../session/pin-table.ts'
import { storeOf } from '../session/store/open-store.ts'
import { createStoreState } from '../session/store-state.ts'
import { PinRefresh } from './pin-refresh.ts'
import { StoreKeeper } from './store-keeper.ts'

export const ttlMs = 600_000

/** A router as far as it shares pins: the table, a thread's journal and the main thread's keeper. */
export interface StoreRouter extends AsyncDisposable {
  readonly memory: PinMemory
  readonly pins: PinTable
  readonly keeper: StoreKeeper
  readonly journal: PinJournal
  readonly refresh: PinRefresh
  readonly log: Readonly<Record<string, unknown>>[]
  /** Places a session as a request does, and notes it. */
  place(key: Uint32Array, replica: string): void
  move(key: Uint32Array, from: string, to: string): void
  close(key: Uint32Array): void
  /** The name of the replica that the table has for a session. */
  home(key: Uint32Array): string | undefined
  /** Asks the store as a request does. */
  lookup(key: Uint32Array): Promise<boolean>
}

/** Makes one and starts it. The ids of its replicas are its own: `names` in their order, from `firstId` on. */
export async function startStoreRouter(
  store: string | StoreConfig,
  names: readonly string[] = ['a', 'b', 'c'],
  firstId = 10,
): Promise<StoreRouter> {
  const config = typeof store === 'string' ? storeSchema.parse(store) : store
  const memory = createPinMemory({ capacity: 20_000 })
  const pins = new PinTable(memory)
  const state = createStoreState()
  const log: StoreRouter['log'] = []
  const write = (line: Buffer, _: unknown, done: () => void): void => {
    log.push(JSON.parse(String(line)))
    done()
  }
  const idOf = (name: string) => firstId + names.indexOf(name)
  const keeper: StoreKeeper = new StoreKeeper({
    open: storeOf(config, {}),
    shown: config.location.shown,
    queueLimit: config.queue,
    pins: new PinTable(memory),
    state,
    replicas: {
      nameOf: (id) => {
        const replica = names[id - firstId]
        return replica === undefined ? undefined : { service: 'chat', replica }
      },
      findId: (service, name) => (service === 'chat' && names.includes(name) ? idOf(name) : undefined),
    },
    log: pino({ level: 'debug' }, new Writable({ write })),
    onReturn: () => refresh.all(),
  })
  const refresh: PinRefresh = new PinRefresh(new PinScan(memory), memory.buckets, keeper)
  const journal = new PinJournal(new PinTable(memory), state, keeper, config.lookupTimeoutMs)
  await keeper.start()
  refresh.start()
  return {
    memory,
    pins,
    keeper,
    journal,
    refresh,
    log,
    place: (key, replica) => {
      pins.insert(key, idOf(replica), Date.now(), ttlMs, 0)
      journal.note(key, Date.now())
    },
    move: (key, from, to) => {
      pins.move(key, idOf(from), idOf(to), Date.now(), ttlMs, 0)
      journal.note(key, Date.now())
    },
    close: (key) => {
      pins.close(key, Date.now(), Date.now() + ttlMs)
      journal.note(key, Date.now())
    },
    home: (key) => {
      if (!pins.look(key, Date.now())) return undefined
      return pins.replica === noReplica ? 'closed' : names[pins.replica - firstId]
    },
    lookup: (key) =>
      new Promise((resolve) => {
        if (journal.lookup(key, resolve) === undefined) resolve(false)
      }),
    [Symbol.asyncDispose]: async () => {
      refresh.stop()
      journal.flush()
      await keeper.close()
    },
  }
}

/** The hash of some session. */
export function sampleKey(): Uint32Array {
  return crypto.getRandomValues(new Uint32Array(4))
}
