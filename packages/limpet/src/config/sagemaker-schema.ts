import { z } from 'zod'
import { section } from './field.ts'

/** What the API allows as the name of an endpoint or a variant. */
const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/
const nameRule = 'must be 1 to 63 letters, digits and hyphens, with none of those at either end'

/** What the dialect of SageMaker's runtime API needs to know of a service. */
export const sagemakerSchema = section({
  endpoint: z
    .union([z.literal('*'), z.string().regex(namePattern, nameRule)])
    .optional()
    .describe(
      "The endpoint's name, as clients give it (`EndpointName`); `*` for every name. By default the service's name.",
    ),
  variant: z
    .string()
    .regex(namePattern, nameRule)
    .prefault('AllTraffic')
    .describe(
      'The name of its one production variant: told with every answer, and the only `TargetVariant` that is accepted.',
    ),
})

export type SagemakerConfig = z.output<typeof sagemakerSchema>
