import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Container } from '../container.ts'

/** The part of Hono's middleware that is used here, with the bindings of `@hono/node-server`. */
export type HonoMiddleware = (
  context: { readonly env: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse } },
  next: () => Promise<void>,
) => Promise<Response | undefined>

/**
 * `app.use(honoMiddleware(container))` in an app of type `Hono<{ Bindings: HttpBindings }>`, served by
 * `@hono/node-server`; then `visitOf(context.env.incoming)` in a handler.
 */
export function honoMiddleware(container: Container): HonoMiddleware {
  return async ({ env: { incoming, outgoing } }, next) => {
    if (!(await container.enter(incoming, outgoing))) return alreadySent()
    offerBody(incoming)
    await next()
    return undefined
  }
}

/** How @hono/node-server is told that the response went out another way. */
function alreadySent(): Response {
  const response = new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
  // It overlooks the header in a response of its own class of which nothing was read.
  void response.body
  return response
}

/**
 * @hono/node-server refuses to read a request of which something was read before, though it is all there again; but it
 * takes a body from `rawBody`.
 */
function offerBody(incoming: IncomingMessage & { rawBody?: Buffer }): void {
  if (!incoming.readableDidRead) return
  const body: Buffer | null = incoming.read(incoming.readableLength)
  if (!body) return
  incoming.unshift(body)
  incoming.rawBody = body
}
