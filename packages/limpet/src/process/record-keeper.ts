import type { MessagePort } from 'node:worker_threads'
import type { SessionRecord, SessionRecords } from '../session/session-record.ts'
import type { RecordAnswer, RecordMessage } from './remote-records.ts'

/** Serves one thread's `RemoteRecords`. */
export function keepRecords(port: MessagePort, records: SessionRecords): void {
  const answer = (id: number, record: SessionRecord | undefined): void => {
    port.postMessage({ id, record } satisfies RecordAnswer)
  }
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
        void records.move(key, message.move).then((record) => answer(message.id, record))
        return
      case 'end':
        records.end(key)
        return
      case 'streams':
        records.streams(key, message.epoch)
        return
      case 'followed':
        void records.followed(key, message.epoch).then(() => answer(message.id, undefined))
        return
      case 'read':
        void records.read(key, message.epoch).then((record) => answer(message.id, record))
    }
  })
  port.unref()
}
