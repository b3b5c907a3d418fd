/** Limpet as a library. */
export type { ConfigInput, ServiceInput, SessionFunction, SessionHead } from './config/schema.ts'
export { createRouter, type LimpetRouter, type RouterOptions } from './create-router.ts'
export { ConfigError, type ConfigFault, LimpetError, StartError } from './errors.ts'
export type { Started } from './process/supervisor.ts'
