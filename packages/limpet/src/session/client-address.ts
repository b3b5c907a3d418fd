import { isIP } from 'node:net'

/** Addresses in one field that are looked at, from its end: work stays bounded however long the field is. */
const MOST_HOPS = 32

/**
 * The client's address as trusted proxies tell it: from the end of X-Forwarded-For, to which each proxy adds its
 * peer, the first address that is not itself a trusted proxy. What stands before that, the client may have made
 * up. `peer` when the field is absent or its end is no address; the farthest proxy when all are trusted.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  if (forwardedFor === undefined) return peer
  let client = peer
  let end = forwardedFor.length
  for (let hop = 0; hop < MOST_HOPS && end >= 0 && isTrusted(client); hop++) {
    const comma = forwardedFor.lastIndexOf(',', end - 1)
    const address = bareAddress(forwardedFor.slice(comma + 1, end).trim())
    if (address === undefined) break
    client = address
    if (comma <= 0) break
    end = comma
  }
  return client
}

/** Some proxies add a port, which differs from connection to connection of one client. */
function bareAddress(text: string): string | undefined {
  if (isIP(text) !== 0) return text
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1]
  return bare !== undefined && isIP(bare) !== 0 ? bare : undefined
}
