import { upload as send } from '../load/transfer.ts'
import { transferBytes } from '../replicas/replica.ts'
import { streamReplicas } from '../replicas/stream-replicas.ts'
import { transferWorkload } from './transfers.ts'

/** Whether a large body passes through without being kept. */
export const upload = transferWorkload(
  { id: 'upload', title: 'POST of 500 MB, one after another', replicas: streamReplicas },
  (port, session) => send(port, '/upload', session, transferBytes),
)
