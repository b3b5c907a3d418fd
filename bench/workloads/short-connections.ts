import { getHead, requestsWorkload } from './requests.ts'

/** The cost of a connection. */
export const shortConnections = requestsWorkload({
  id: 'short-connections',
  title: 'GET of 86 bytes of JSON, a new connection for each request, 64 at a time',
  request: `${getHead('/small')}Connection: close\r\n\r\n`,
})
