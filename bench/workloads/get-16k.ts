import { getHead, requestsWorkload } from './requests.ts'

/** The cost of an answer's body. */
export const get16k = requestsWorkload({
  id: 'get-16k',
  title: 'GET of 16 KiB, 1,000 sessions on 64 keep-alive connections',
  request: `${getHead('/16k')}\r\n`,
})
