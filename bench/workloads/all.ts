import { download } from './download.ts'
import { eventStream } from './event-stream.ts'
import { get16k } from './get-16k.ts'
import { idleTunnels } from './idle-tunnels.ts'
import { post4k } from './post-4k.ts'
import { shortConnections } from './short-connections.ts'
import { smallGet } from './small-get.ts'
import { upload } from './upload.ts'
import { websocket } from './websocket.ts'
import type { Workload } from './workload.ts'

/** Every workload, in the order in which docs show them. */
export const allWorkloads: readonly Workload[] = [
  smallGet,
  get16k,
  post4k,
  eventStream,
  websocket,
  idleTunnels,
  upload,
  download,
  shortConnections,
]
