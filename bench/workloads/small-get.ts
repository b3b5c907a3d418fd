import { getHead, requestsWorkload } from './requests.ts'

/** The cost of a request in itself. */
export const smallGet = requestsWorkload({
  id: 'small-get',
  title: 'GET of 86 bytes of JSON, 1,000 sessions on 64 keep-alive connections',
  request: `${getHead('/small')}\r\n`,
})
