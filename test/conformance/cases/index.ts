import type { ConformanceCase } from '../case.ts'
import { chunkedBodyCases } from './chunked-body.ts'
import { connectionCases } from './connections.ts'
import { contentLengthCases } from './content-length.ts'
import { cookieCases } from './cookies.ts'
import { fieldCases } from './fields.ts'
import { hopByHopCases } from './hop-by-hop.ts'
import { hostCases } from './host.ts'
import { requestLineCases } from './request-line.ts'
import { responseFramingCases } from './response-framing.ts'
import { responseRelayCases } from './response-relay.ts'
import { timeoutCases } from './timeouts.ts'
import { trailerCases } from './trailers.ts'
import { transferEncodingCases } from './transfer-encoding.ts'
import { upgradeCases } from './upgrade.ts'

/** Every case, by row and then by id. */
export const allCases: readonly ConformanceCase[] = [
  ...contentLengthCases,
  ...transferEncodingCases,
  ...chunkedBodyCases,
  ...trailerCases,
  ...hostCases,
  ...requestLineCases,
  ...fieldCases,
  ...hopByHopCases,
  ...upgradeCases,
  ...responseFramingCases,
  ...responseRelayCases,
  ...connectionCases,
  ...timeoutCases,
  ...cookieCases,
].sort((one, other) => one.row - other.row || (one.id < other.id ? -1 : 1))
