/** Fields that the router changes or adds on each request, and that say nothing of the client's bytes. */
const ours = /^(?:x-forwarded-.*|forwarded|via|limpet-.*|connection|upgrade)$/i

/** What identifies a request on both sides of the router; without `body` its head alone. */
export function requestKey(
  start: string,
  fields: readonly (readonly [name: string, value: string])[],
  body: Buffer | undefined,
): string {
  const kept = fields.filter(([name]) => !ours.test(name))
  return JSON.stringify([start, kept, body?.toString('latin1')])
}
