/**
 * @typedef {object} Answer What an HTTP request has brought.
 * @property {boolean} ok
 * @property {string} replica who has answered; '' where no replica did
 * @property {string} decision what the router has decided (`limpet-decision`); '' where it is not said
 * @property {number} ms
 * @property {Record<string, any>} body
 * @property {string} error what is wrong; '' where nothing is
 */

const timeoutMs = 10_000

/**
 * Sends a text. `sticky`: with the cookie that names this page's session; without it no replica is preferred.
 * @param {{ client: string, text: string, ref: string, way: string }} content
 * @param {boolean} sticky
 */
export function sendText(content, sticky) {
  return ask('/echo', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
    credentials: sticky ? 'same-origin' : 'omit',
  })
}

/** Asks where this page's session is at home. A WebSocket can't be asked that: its handshake shows no header. */
export function askHome() {
  return ask('/echo/where', { credentials: 'same-origin' })
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<Answer>}
 */
async function ask(path, init) {
  const startedMs = performance.now()
  const passedMs = () => Math.round(performance.now() - startedMs)
  try {
    const response = await fetch(path, { ...init, cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) })
    const text = await response.text()
    const body = parse(text)
    const decision = response.headers.get('limpet-decision') ?? ''
    const error = response.ok ? '' : (body.error?.message ?? `The answer was ${response.status}.`)
    return { ok: response.ok, replica: body.replica ?? '', decision, ms: passedMs(), body, error }
  } catch {
    const error = 'No answer: the router is not there, or the replica died with this request.'
    return { ok: false, replica: '', decision: '', ms: passedMs(), body: {}, error }
  }
}

/**
 * The router refuses in JSON too, though perhaps not what stands before it.
 * @param {string} text
 * @returns {Record<string, any>}
 */
function parse(text) {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
