/**
 * @typedef {object} Way One of the ways in which a text goes to the replicas and comes back.
 * @property {string} id
 * @property {string} name
 * @property {string} explains
 * @property {boolean} sticky whether the HTTP request brings the session's cookie
 * @property {import('../echo-words.ts').HttpWay | undefined} way undefined: over the socket alone
 * @property {'http' | 'socket'} comesBy what brings the text back
 */

/** @type {readonly Way[]} */
export const ways = [
  {
    id: 'http',
    name: 'HTTP & Round Robin',
    explains: 'A request without the cookie. Replicas take turns, and whichever has its turn answers.',
    sticky: false,
    way: 'http',
    comesBy: 'http',
  },
  {
    id: 'http-sticky',
    name: 'HTTP & Sticky',
    explains: 'A request with the cookie. The router brings each one to the same replica.',
    sticky: true,
    way: 'http',
    comesBy: 'http',
  },
  {
    id: 'websocket',
    name: 'WebSockets Only',
    explains: 'There and back over the open socket, so always by the replica that holds it.',
    sticky: false,
    way: undefined,
    comesBy: 'socket',
  },
  {
    id: 'queue',
    name: 'Publish Message to Queue',
    explains:
      'Any replica takes the request and publishes it; the one with your socket sends it. Always arrives.',
    sticky: false,
    way: 'queue',
    comesBy: 'socket',
  },
  {
    id: 'memory',
    name: 'non-sticky HTTP & in-memory WebSockets',
    explains: 'Any replica takes the request, but only one has your socket in its memory. Arrives by luck.',
    sticky: false,
    way: 'socket',
    comesBy: 'socket',
  },
  {
    id: 'memory-sticky',
    name: 'sticky HTTP & in-memory WebSockets',
    explains: 'The cookie brings the request to the very replica that has your socket. Always arrives.',
    sticky: true,
    way: 'socket',
    comesBy: 'socket',
  },
]
