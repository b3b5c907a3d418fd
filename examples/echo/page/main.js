import { askHome, sendText } from './ask-replica.js'
import { newClientId } from './client-id.js'
import { Connection } from './connection.js'
import { Controls } from './controls.js'
import { byId } from './element.js'
import { Fleet } from './fleet.js'
import { Picture } from './picture.js'
import { ReplicaBoxes } from './replica-boxes.js'
import { Responses } from './responses.js'
import { SeenIds } from './seen-ids.js'
import { SessionStory } from './session-story.js'
import { StatusLine } from './status-line.js'
import { WayCards } from './way-cards.js'
import { ways } from './ways.js'
import { twoWords } from './words.js'

/** @typedef {import('./ways.js').Way} Way */

const { replica: pageBy = '', controls: controlsPath = '' } = document.documentElement.dataset
const client = newClientId()
const input = /** @type {HTMLInputElement} */ (byId('text'))
const story = new SessionStory()
const seen = new SeenIds()
const responses = new Responses()
const controls = new Controls(controlsPath, tell)
const boxes = new ReplicaBoxes(
  byId('replicas'),
  controls.exist ? { drain: drainOne, kill: killOne } : undefined,
)
const picture = new Picture(boxes)
const fleet = new Fleet(showFleet)
const cards = new WayCards(press)
const connection = new Connection(client, { askHome, onState, onWord })
const status = new StatusLine({ page: pageBy, client }, () => connection.now())
/** The way of each text that is under way, and the dot that goes there. @type {Map<string, { way: Way, there: Promise<void> }>} */
const underWay = new Map()
let lastWay = /** @type {Way} */ (ways[0])
let count = 0

input.value = twoWords()
byId('form').addEventListener('submit', (event) => {
  event.preventDefault()
  press(lastWay)
})
byId('add').hidden = !controls.exist
byId('add').addEventListener('click', () => controls.add())
addEventListener('online', () => connection.now())
fleet.see(pageBy)
controls.watch(fleet)
void connection.run()

/** @param {Way} way */
function press(way) {
  lastWay = way
  const text = input.value
  if (text.trim() === '') {
    tell('Write something to send first.')
    input.focus()
    return
  }
  const ref = `${++count}`
  if (way.way === undefined) sendOverSocket(way, text, ref)
  else void sendOverHttp(way, way.way, text, ref)
}

/** @param {Way} way @param {string} text @param {string} ref */
function sendOverSocket(way, text, ref) {
  if (!connection.send({ op: 'echo', text, ref }))
    return tell('There is no socket right now: nothing was sent.')
  cards.sent(way.id)
  remember(ref, way, picture.socket(holder(), 'up'))
}

/** @param {Way} way @param {string} kind @param {string} text @param {string} ref */
async function sendOverHttp(way, kind, text, ref) {
  cards.sent(way.id)
  const path = Promise.withResolvers()
  remember(ref, way, path.promise)
  const answer = await sendText({ client, text, ref, way: kind }, way.sticky)
  const { replica, decision, ms, body } = answer
  fleet.see(replica)
  byId('decision').textContent = decision || 'none came'
  responses.add({
    kind: 'http',
    text: answer.ok ? textOf(replica, body) : answer.error,
    meta: `${decision && `limpet-decision: ${decision}, `}${ms} ms`,
    data: { way: way.id, replica, ref, ...('delivered' in body && { delivered: String(body.delivered) }) },
  })
  if (way.comesBy === 'http' && answer.ok) cards.back(way.id, replica)
  await picture.request(replica)
  path.resolve(undefined)
  if (body.delivered === false) boxes.miss(replica)
  await picture.answer(replica)
}

/** @param {string} replica @param {Record<string, any>} body */
function textOf(replica, body) {
  if (typeof body.text === 'string') return body.text
  return `[${replica}]  ${body.way === 'queue' ? 'published it to your topic' : 'sent it over your socket'}`
}

/** @param {import('./connection.js').SocketWord} word */
function onWord(word) {
  if (word.type === 'hello') return fleet.see(word.replica, word.pid)
  if (word.type === 'error') return tell(word.message)
  if (word.type === 'message' && !seen.take(word.id)) return
  const { replica, ref, text } = word
  const from = word.type === 'message' ? word.from : replica
  const sent = underWay.get(ref)
  const isQueue = word.type === 'message' && word.way === 'queue'
  responses.add({
    kind: 'socket',
    text,
    meta: from === replica ? `held by ${replica}` : `held by ${replica}, sent by ${from}`,
    data: { way: sent?.way.id ?? '', replica, from, ref, ...(word.type === 'message' && { id: word.id }) },
  })
  if (word.type === 'message' && word.gap === true) tell('Messages before the last one may be lost.')
  if (sent !== undefined) cards.back(sent.way.id, from)
  void drawBack(sent?.there, from, replica, isQueue)
}

/** @param {Promise<unknown> | undefined} there @param {string} from @param {string} replica @param {boolean} isQueue */
async function drawBack(there, from, replica, isQueue) {
  await there
  if (isQueue) await picture.channel(from, replica)
  await picture.socket(replica, 'down')
}

/** @param {string} ref @param {Way} way @param {Promise<any>} there */
function remember(ref, way, there) {
  underWay.set(ref, { way, there })
  // Whatever has not come back by then is not expected any more.
  if (underWay.size > 500) underWay.delete([...underWay.keys()][0] ?? '')
}

/** @param {import('./connection.js').ConnectionState} state */
function onState(state) {
  status.show(state)
  showFleet()
  const told = story.tell(state)
  if (told !== '') tell(told)
  if (state.is === 'open' && state.decision !== '') byId('decision').textContent = state.decision
}

function holder() {
  return connection.state.is === 'open' ? connection.state.replica : ''
}

function showFleet() {
  boxes.show(fleet.replicas, holder())
  picture.hold(holder())
}

/** @param {string} message */
function tell(message) {
  byId('story').textContent = message
  responses.add({ kind: 'note', text: message })
}

/** @param {string} name */
function drainOne(name) {
  void controls.drain(name)
}

/** @param {string} name */
function killOne(name) {
  story.kill(name)
  void controls.kill(name)
}
