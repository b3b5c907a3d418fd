import { sendText } from './ask-replica.js'
import { SeenIds } from './seen-ids.js'

/** @typedef {import('./ways.js').Way} Way */
/** @typedef {import('../echo-words.ts').SocketWord} SocketWord */

/** Texts that are under way are remembered, so many: what has not come back by then is not expected any more. */
const mostUnderWay = 500

/** Texts on their way to the replicas and back: sends them, takes what comes, and has both shown. */
export class Exchange {
  #client
  #parts
  #seen = new SeenIds()
  #count = 0
  /** By ref, the way of each text and when its dot is there. @type {Map<string, { way: Way, there: Promise<unknown> }>} */
  #underWay = new Map()

  /**
   * @param {string} client
   * @param {object} parts
   * @param {import('./connection.js').Connection} parts.connection
   * @param {import('./fleet.js').Fleet} parts.fleet
   * @param {import('./picture.js').Picture} parts.picture
   * @param {import('./replica-boxes.js').ReplicaBoxes} parts.boxes
   * @param {import('./responses.js').Responses} parts.responses
   * @param {import('./way-cards.js').WayCards} parts.cards
   * @param {(decision: string) => void} parts.onDecision
   * @param {(message: string) => void} parts.tell
   */
  constructor(client, parts) {
    this.#client = client
    this.#parts = parts
  }

  /** @param {Way} way @param {string} text */
  send(way, text) {
    const ref = `${++this.#count}`
    if (way.way === undefined) this.#sendOverSocket(way, text, ref)
    else void this.#sendOverHttp(way, way.way, text, ref)
  }

  /** Takes what the replica says over the socket. @param {SocketWord} word */
  take(word) {
    const { fleet, responses, cards, tell } = this.#parts
    if (word.type === 'hello') return fleet.see(word.replica, word.pid)
    if (word.type === 'error') return tell(word.message)
    if (word.type === 'message' && !this.#seen.take(word.id)) return
    const { replica, ref, text } = word
    const from = word.type === 'message' ? word.from : replica
    const sent = this.#underWay.get(ref)
    const id = word.type === 'message' ? word.id : ''
    responses.add({
      kind: 'socket',
      text,
      meta: from === replica ? `held by ${replica}` : `held by ${replica}, sent by ${from}`,
      data: { way: sent?.way.id ?? '', replica, from, ref, id },
    })
    if (word.type === 'message' && word.gap === true) tell('Messages before the last one may be lost.')
    if (sent !== undefined) cards.back(sent.way.id, from)
    const isQueue = word.type === 'message' && word.way === 'queue'
    void this.#drawBack(sent?.there, from, replica, isQueue)
  }

  /** @param {Way} way @param {string} text @param {string} ref */
  #sendOverSocket(way, text, ref) {
    const { connection, picture, cards, tell } = this.#parts
    if (!connection.send({ op: 'echo', text, ref }))
      return tell('There is no socket right now: nothing was sent.')
    cards.sent(way.id)
    this.#remember(ref, way, picture.socket(connection.holder, 'up'))
  }

  /** @param {Way} way @param {string} kind @param {string} text @param {string} ref */
  async #sendOverHttp(way, kind, text, ref) {
    const { fleet, picture, boxes, responses, cards, onDecision } = this.#parts
    const there = Promise.withResolvers()
    cards.sent(way.id)
    this.#remember(ref, way, there.promise)
    const answer = await sendText({ client: this.#client, text, ref, way: kind }, way.sticky)
    const { ok, replica, decision, ms, body } = answer
    const isMissed = body.delivered === false
    const delivered = 'delivered' in body ? { delivered: String(body.delivered) } : {}
    fleet.see(replica)
    onDecision(decision)
    responses.add({
      kind: 'http',
      text: ok ? textOf(replica, body) : answer.error,
      meta: `${decision && `limpet-decision: ${decision}, `}${ms} ms`,
      data: { way: way.id, replica, ref, ...delivered },
    })
    if (ok && way.comesBy === 'http') cards.back(way.id, replica)
    await picture.request(replica)
    there.resolve(undefined)
    if (isMissed) boxes.miss(replica)
    await picture.answer(replica)
  }

  /** @param {Promise<unknown> | undefined} there @param {string} from @param {string} replica @param {boolean} isQueue */
  async #drawBack(there, from, replica, isQueue) {
    const { picture } = this.#parts
    await there
    if (isQueue) await picture.channel(from, replica)
    await picture.socket(replica, 'down')
  }

  /** @param {string} ref @param {Way} way @param {Promise<unknown>} there */
  #remember(ref, way, there) {
    this.#underWay.set(ref, { way, there })
    const [oldest = ''] = this.#underWay.keys()
    if (this.#underWay.size > mostUnderWay) this.#underWay.delete(oldest)
  }
}

/** @param {string} replica @param {Record<string, any>} body */
function textOf(replica, body) {
  if (typeof body.text === 'string') return body.text
  return `[${replica}]  ${body.way === 'queue' ? 'published it to your topic' : 'sent it over your socket'}`
}
