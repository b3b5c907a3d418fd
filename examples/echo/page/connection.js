import { ReconnectWait } from './reconnect-wait.js'

/** @typedef {import('../echo-words.ts').SocketWord} SocketWord */
/**
 * @typedef {{ is: 'connecting' }
 *   | { is: 'open', replica: string, decision: string }
 *   | { is: 'waiting', untilMs: number, code: number, reason: string }
 *   | { is: 'replaced' }} ConnectionState
 */

/** Before the first message of the channel. */
const beginning = '0-0'
const helloMs = 10_000
/** No close code came: the connection was lost, or never there (RFC 6455 §7.1.5). */
const lostCode = 1006
/** This client has another socket, which must not be driven out by this one. */
const replacedCode = 4001

/**
 * This page's WebSocket, opened again whenever it is lost. It goes on behind the last message of the channel that it
 * has got, so nothing that was sent meanwhile is missed.
 */
export class Connection {
  /** @type {ConnectionState} */
  state = { is: 'connecting' }
  #client
  #parts
  #wait = new ReconnectWait()
  #after = beginning
  /** Why the last socket was closed. */
  #reason = ''
  /** @type {WebSocket | undefined} */
  #socket
  /** @type {(() => void) | undefined} */
  #wake

  /**
   * @param {string} client
   * @param {object} parts
   * @param {() => Promise<import('./ask-replica.js').Answer>} parts.askHome
   * @param {(state: ConnectionState) => void} parts.onState
   * @param {(word: SocketWord) => void} parts.onWord
   */
  constructor(client, parts) {
    this.#client = client
    this.#parts = parts
  }

  /** The replica that holds the socket; '' for none. */
  get holder() {
    return this.state.is === 'open' ? this.state.replica : ''
  }

  /** Keeps a socket open as long as the page is. To be called once. */
  async run() {
    for (;;) {
      this.#become({ is: 'connecting' })
      const { code, reason, openMs } = await this.#hold()
      if (reason !== '') this.#reason = reason
      if (code === replacedCode) return this.#become({ is: 'replaced' })
      const waitMs = this.#wait.nextMs(code, openMs)
      this.#become({ is: 'waiting', untilMs: performance.now() + waitMs, code, reason })
      await this.#pause(waitMs)
    }
  }

  /** Waits no longer. */
  now() {
    this.#wake?.()
  }

  /**
   * Sends over the socket; false where there is none.
   * @param {object} content
   */
  send(content) {
    if (this.state.is !== 'open' || this.#socket === undefined) return false
    this.#socket.send(JSON.stringify(content))
    return true
  }

  /** Opens a socket; resolves when it is closed, or could not be opened, to how, and how long it was open. */
  async #hold() {
    const home = await this.#parts.askHome()
    if (!home.ok) return { code: lostCode, reason: home.error, openMs: 0 }
    return new Promise(
      (/** @type {(end: { code: number, reason: string, openMs: number }) => void} */ end) => {
        const socket = new WebSocket(this.#url())
        this.#socket = socket
        let openedMs = performance.now()
        const late = setTimeout(() => socket.close(), helloMs)
        socket.onmessage = ({ data }) => {
          const word = /** @type {SocketWord} */ (JSON.parse(data))
          if (word.type === 'hello') {
            clearTimeout(late)
            openedMs = performance.now()
            this.#become({
              is: 'open',
              replica: word.replica,
              decision: this.#decisionOf(home, word.replica),
            })
          }
          if (word.type === 'message' && word.position !== undefined) this.#after = word.position
          this.#parts.onWord(word)
        }
        socket.onclose = ({ code, reason }) => {
          clearTimeout(late)
          this.#socket = undefined
          end({ code, reason, openMs: this.state.is === 'open' ? performance.now() - openedMs : 0 })
        }
      },
    )
  }

  /**
   * What the router has decided on the handshake, whose header no script can read. Sessions leave a draining replica
   * with their sockets: where that has led elsewhere than the request before it, it was moved.
   * @param {import('./ask-replica.js').Answer} home
   * @param {string} replica
   */
  #decisionOf({ replica: before, decision }, replica) {
    return replica === before ? decision : `moved; reason=${this.#reason}`
  }

  #url() {
    const url = new URL('/echo/socket', location.href.replace(/^http/, 'ws'))
    url.searchParams.set('client', this.#client)
    url.searchParams.set('after', this.#after)
    return url
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((/** @type {(value: void) => void} */ resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** @param {ConnectionState} state */
  #become(state) {
    this.state = state
    this.#parts.onState(state)
  }
}
