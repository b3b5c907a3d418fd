/** The entry of a worker thread: carries out the main thread's orders, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { RoutingThread } from './routing-thread.ts'
import type { Order, OrderMessage, WorkerMessage, WorkerStart } from './worker-messages.ts'

const port = parentPort!
const { memory, thread, keyring } = workerData as WorkerStart

function tell(message: WorkerMessage): void {
  port.postMessage(message)
}

const routing = new RoutingThread(memory, thread, keyring, {
  warn: (message, fields) => tell({ kind: 'warn', message, fields }),
  access: (records) => tell({ kind: 'access', records }),
})

async function carryOut(order: Order): Promise<void> {
  switch (order.order) {
    case 'configure':
      return routing.configure(order.routing)
    case 'listen':
      await routing.listen(order.address, true)
      return
    case 'close':
      return routing.close(order.deadlineMs)
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
