import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Container } from '../container.ts'

/** The part of Fastify's `onRequest` hook that is used here. */
export type FastifyHook = (
  request: { readonly raw: IncomingMessage },
  reply: { readonly raw: ServerResponse; hijack(): unknown },
) => Promise<void>

/** `app.addHook('onRequest', fastifyHook(container))`; then `visitOf(request.raw)` in a handler. */
export function fastifyHook(container: Container): FastifyHook {
  return async (request, reply) => {
    if (!(await container.enter(request.raw, reply.raw))) reply.hijack()
  }
}
