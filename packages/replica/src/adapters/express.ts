import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Container } from '../container.ts'

/** A middleware of Express, or of anything else that has Connect's form. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** `app.use(expressMiddleware(container))`, before any body parser; then `visitOf(request)` in a handler. */
export function expressMiddleware(container: Container): ExpressMiddleware {
  return (request, response, next) => {
    container.enter(request, response).then((isNext) => isNext && next(), next)
  }
}
