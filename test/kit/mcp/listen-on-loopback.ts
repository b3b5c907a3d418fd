/** Loaded before a program that can't be told where to listen, so that its server is on loopback alone. */

import { Server } from 'node:net'

const { listen } = Server.prototype
Server.prototype.listen = function (this: Server, port: unknown, ...rest: unknown[]) {
  const callbacks = rest.filter((argument) => typeof argument === 'function')
  return Reflect.apply(listen, this, [Number(port), '127.0.0.1', ...callbacks])
} as typeof listen
