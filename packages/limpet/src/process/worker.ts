/** The entry of a worker thread: carries out the main thread's orders, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { RemoteRecords } from './remote-records.ts'
import { RemoteTurns } from './remote-turns.ts'
import { RoutingThread, type ThreadHooks, type ThreadStart } from './routing-thread.ts'
import type { MainMessage, Order, OrderMessage, WorkerMessage, WorkerStart } from './worker-messages.ts'

const port = parentPort!
const start = workerData as WorkerStart
const parts: ThreadStart = {
  ...start,
  turns: new RemoteTurns(start.turns),
  records: new RemoteRecords(start.records),
}

function tell(message: WorkerMessage): void {
  port.postMessage(message)
}

/** Who waits for the answers to lookups. */
const answers = new Map<number, (found: Uint8Array) => void>()
let nextLookup = 0

const hooks: ThreadHooks = {
  warn: (message, fields) => tell({ kind: 'warn', message, fields }),
  access: (records) => tell({ kind: 'access', records }),
  notes: (notes) => tell({ kind: 'notes', notes }),
  lookup: (keys, answer) => {
    const lookup = nextLookup++
    answers.set(lookup, answer)
    tell({ kind: 'lookup', lookup, keys })
  },
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
port.on('message', (message: MainMessage) => {
  if ('lookup' in message) {
    answers.get(message.lookup)?.(message.found)
    answers.delete(message.lookup)
  } else take(message)
})

function take({ id, body }: OrderMessage): void {
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
}
