import { askHome } from './ask-replica.js'
import { newClientId } from './client-id.js'
import { Connection } from './connection.js'
import { Controls } from './controls.js'
import { byId } from './element.js'
import { Exchange } from './exchange.js'
import { Fleet } from './fleet.js'
import { Picture } from './picture.js'
import { ReplicaBoxes } from './replica-boxes.js'
import { Responses } from './responses.js'
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
const responses = new Responses()
const controls = new Controls(controlsPath, tell)
const boxes = new ReplicaBoxes(byId('replicas'), controls.exist ? { drain, kill } : undefined)
const picture = new Picture(boxes)
const fleet = new Fleet(showFleet)
const cards = new WayCards(press)
const connection = new Connection(client, { askHome, onState, onWord: (word) => exchange.take(word) })
const status = new StatusLine({ page: pageBy, client }, () => connection.now())
const exchange = new Exchange(client, {
  connection,
  fleet,
  picture,
  boxes,
  responses,
  cards,
  onDecision: showDecision,
  tell,
})
let lastWay = /** @type {Way} */ (ways[0])

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
  if (input.value.trim() !== '') return exchange.send(way, input.value)
  tell('Write something to send first.')
  input.focus()
}

/** @param {import('./connection.js').ConnectionState} state */
function onState(state) {
  status.show(state)
  showFleet()
  const told = story.tell(state)
  if (told !== '') tell(told)
  if (state.is === 'open') showDecision(state.decision)
}

function showFleet() {
  boxes.show(fleet.replicas, connection.holder)
  picture.hold(connection.holder)
}

/** @param {string} decision '' where the answer had none */
function showDecision(decision) {
  byId('decision').textContent = decision || 'not said'
}

/** @param {string} message */
function tell(message) {
  byId('story').textContent = message
  responses.add({ kind: 'note', text: message })
}

/** @param {string} name */
function drain(name) {
  void controls.drain(name)
}

/** @param {string} name */
function kill(name) {
  story.kill(name)
  void controls.kill(name)
}
