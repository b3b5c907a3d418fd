import { download as fetchBody } from '../load/transfer.ts'
import { nginxReplicas } from '../replicas/nginx.ts'
import { transferBytes } from '../replicas/replica.ts'
import { transferWorkload } from './transfers.ts'

/** Whether a large answer passes through without being kept. */
export const download = transferWorkload(
  { id: 'download', title: 'GET of 500 MB, one after another', replicas: nginxReplicas },
  (port, session) => fetchBody(port, '/download', session, transferBytes),
)
