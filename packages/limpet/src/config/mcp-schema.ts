import { z } from 'zod'
import { durationField } from './duration.ts'
import { inMs, section } from './field.ts'

/** What the dialect of the Model Context Protocol needs to know of a service. */
export const mcpSchema = section({
  recover: z
    .enum(['reinitialize', 'reject'])
    .prefault('reinitialize')
    .describe(
      "When a replica does not know a session that this router gave its client an id for: begin it anew there with the client's own `initialize`, log level and subscriptions, or tell the client with 404. Replicas that share their sessions know them, and nothing is begun anew. Where `onLost` is `reject`, sessions do not go to other replicas at all.",
    ),
  bind: z
    .enum(['bearer-subject', 'credential', 'off'])
    .prefault('bearer-subject')
    .describe(
      'Whom a session belongs to that is begun with an Authorization field: the issuer and subject of its JSON Web Token (of an opaque token: whoever brings one), or just that credential, or whoever knows its id. Others get 404.',
    ),
  keepAlive: durationField({ mayBeOff: true })
    .prefault('30s')
    .describe(
      'How long an event stream may be silent before a comment is sent in it, so that no proxy takes it for dead.',
    ),
  contentBytes: z
    .int()
    .min(1024)
    .max(16_777_216)
    .prefault(262_144)
    .describe(
      'The longest content of a request that is held until it is whole and looked into, in bytes. Longer ones stream, and are not sent again when a session has to be begun anew.',
    ),
}).transform((mcp) => inMs(mcp, ['keepAlive']))
