import type { MessagePort } from 'node:worker_threads'
import type { SessionRecords } from '../session/session-record.ts'
import type { RecordAnswer, RecordMessage } from './remote-records.ts'

/** Serves one thread's `RemoteRecords`. */
export function keepRecords(port: MessagePort, records: SessionRecords): void {
  port.on('message', (message: RecordMessage) => {
    const { key } = message
    switch (message.kind) {
      case 'begin':
        records.begin(key, message.record)
        return
      case 'change':
        records.change(key, message.change)
        return
      case 'move':
        records.move(key, message.epoch, message.idAtReplica)
        return
      case 'end':
        records.end(key)
        return
      case 'streams':
        records.streams(key, message.epoch)
        return
      case 'followed': {
        const { id, epoch } = message
        void records.followed(key, epoch).then(() => {
          port.postMessage({ id, record: undefined } satisfies RecordAnswer)
        })
        return
      }
      case 'read': {
        const { id, epoch } = message
        void records.read(key, epoch).then((record) => {
          port.postMessage({ id, record } satisfies RecordAnswer)
        })
      }
    }
  })
  port.unref()
}
