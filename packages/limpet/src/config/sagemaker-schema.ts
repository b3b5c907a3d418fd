import { z } from 'zod'
import { section } from './field.ts'

/** What the API allows as the name of an endpoint or a variant: 1 to 63 letters, digits and hyphens between them. */
export const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/
const nameRule = 'must be 1 to 63 letters, digits and hyphens, with none of those at either end'

const signatureSchema = section({
  accessKeys: z
    .string()
    .min(1, 'must not be empty')
    .optional()
    .describe(
      'The file with the access keys whose signatures are believed, written as a credentials file of AWS. A relative path starts at the folder of the config file. By default they come from the environment variable `LIMPET_ACCESS_KEYS`.',
    ),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be a region such as eu-central-1')
    .optional()
    .describe('The region for which requests must be signed. By default any.'),
}).transform(({ accessKeys, region }) => ({ accessKeys, region }))

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
  signature: signatureSchema
    .optional()
    .describe('Set it to have the signatures of requests verified (AWS Signature Version 4).'),
}).transform(({ signature, ...rest }) => ({ ...rest, signature }))
