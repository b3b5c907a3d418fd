import type { Admission } from './admission.ts'
import { Content } from './content.ts'
import { CopyPool } from './copy-pool.ts'
import type { HttpContext } from './http-context.ts'
import { ReadBuffer } from './reading-socket.ts'
import { RequestHead } from './request-head.ts'
import { ResponseHead } from './response-head.ts'
import type { Routing } from './route.ts'
import { Turn } from './turn.ts'

/** What a thread's client connections share: they know where requests go. */
export interface ServerContext extends HttpContext {
  readonly routing: Routing
  readonly admission: Admission
  /** Set when the thread is to end: no connection is kept alive any more. */
  draining: boolean
}

/** Makes the context of a thread; the parsers and the state are its own. */
export function createServerContext(
  parts: Pick<ServerContext, 'settings' | 'routing' | 'deadlines' | 'counters' | 'admission'>,
): ServerContext {
  return {
    ...parts,
    draining: false,
    readBuffer: new ReadBuffer(),
    copies: new CopyPool(),
    turn: new Turn(),
    requestHead: new RequestHead(),
    responseHead: new ResponseHead(),
    requestContent: new Content(),
    responseContent: new Content(),
    tunnelContent: new Content(),
  }
}
