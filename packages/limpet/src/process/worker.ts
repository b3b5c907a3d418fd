/** The entry of a worker thread: carries out the main thread's orders, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { StoreState } from './journal-messages.ts'
import { RemoteJournal } from './remote-journal.ts'
import { RemoteTurns } from './remote-turns.ts'
import { RoutingThread, type ThreadHooks, type ThreadStart } from './routing-thread.ts'
import type { Order, OrderMessage, WorkerMessage, WorkerStart } from './worker-messages.ts'

const port = parentPort!
const start = workerData as WorkerStart
const { memory, thread, keyring, turns, journal } = start
const parts: ThreadStart = {
  memory,
  thread,
  keyring,
  turns: new RemoteTurns(turns),
  journal: journal && new RemoteJournal(journal.port, new StoreState(memory.store), journal.lookupMs),
}

function tell(message: WorkerMessage): void {
  port.postMessage(message)
}

const hooks: ThreadHooks = {
  warn: (message, fields) => tell({ kind: 'warn', message, fields }),
  access: (records) => tell({ kind: 'access', records }),
}

let serving: RoutingThread | undefined

async function carryOut(order: Order): Promise<void> {
  switch (order.order) {
    case 'configure':
      if (serving === undefined) serving = await RoutingThread.start(parts, hooks, order.routing)
      else await serving.configure(order.routing)
      return
    case 'listen':
      await serving?.listen(order.address, true)
      return
    case 'close':
      await serving?.close(order.deadlineMs)
  }
}

let last = Promise.resolve()
port.on('message', ({ id, body }: OrderMessage) => {
  last = last.then(async () => {
    try {
      await carryOut(body)
      tell({ kind: 'done', id })
    } catch (error) {
      const { code = 'LIMPET_INTERNAL', message } = error as NodeJS.ErrnoException
      tell({ kind: 'failed', id, code, message })
    }
    if (body.order === 'close') port.close()
  })
})
