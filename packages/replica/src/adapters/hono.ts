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
  return async ({ env }, next) => {
    if (await container.enter(env.incoming, env.outgoing)) {
      await next()
      return undefined
    }
    // How @hono/node-server is told that the response went out another way.
    return new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
  }
}
