import type { ConformanceCase } from '../case.ts'
import { badResponseCases } from './bad-responses.ts'
import { chunkedBodyCases } from './chunked-body.ts'
import { connectionCases } from './connections.ts'
import { contentLengthCases } from './content-length.ts'
import { cookieCases } from './cookies.ts'
import { cutResponseCases } from './cut-responses.ts'
import { fieldCases } from './fields.ts'
import { hopByHopCases } from './hop-by-hop.ts'
import { hostCases } from './host.ts'
import { http10Cases } from './http-1-0.ts'
import { interimResponseCases } from './interim-responses.ts'
import { requestLineCases } from './request-line.ts'
import { responseFramingCases } from './response-framing.ts'
import { responseRelayCases } from './response-relay.ts'
import { sessionCases } from './sessions.ts'
import { streamingCases } from './streaming.ts'
import { timeoutCases } from './timeouts.ts'
import { trailerCases } from './trailers.ts'
import { transferEncodingCases } from './transfer-encoding.ts'
import { upgradeCases } from './upgrade.ts'
import { usedConnectionCases } from './used-connections.ts'

/** Every case, by row and then by id. */
export const allCases: readonly ConformanceCase[] = [
  ...badResponseCases,
  ...chunkedBodyCases,
  ...connectionCases,
  ...contentLengthCases,
  ...cookieCases,
  ...cutResponseCases,
  ...fieldCases,
  ...hopByHopCases,
  ...hostCases,
  ...http10Cases,
  ...interimResponseCases,
  ...requestLineCases,
  ...responseFramingCases,
  ...responseRelayCases,
  ...sessionCases,
  ...streamingCases,
  ...timeoutCases,
  ...trailerCases,
  ...transferEncodingCases,
  ...upgradeCases,
  ...usedConnectionCases,
].sort((one, other) => one.row - other.row || (one.id < other.id ? -1 : 1))
