import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionStory } from './session-story.js'

let nowMs = 0
const open = (replica: string, decision = 'hit') => ({ is: 'open', replica, decision }) as const
const lost = (code: number, reason = '') => ({ is: 'waiting', untilMs: 0, code, reason }) as const

test('a socket that was opened', () => {
  assert.equal(new SessionStory().tell(open('seal')), 'Your socket is at seal. limpet-decision: hit.')
  assert.equal(new SessionStory().tell(open('seal', '')), 'Your socket is at seal.')
})

const causes: [what: string, code: number, reason: string, told: string][] = [
  ['drained', 1012, 'drained', 'seal is draining.'],
  ['lost', 1012, 'replica-lost', 'seal died.'],
  ['down', 1012, 'down', 'seal died.'],
  ['removed', 1012, 'removed', 'seal was removed.'],
  ['router', 1012, 'restart', 'The router restarts.'],
  ['stopped', 1001, '', 'seal has stopped.'],
  ['broken', 1006, '', 'The connection was lost (1006).'],
]
for (const [what, code, reason, told] of causes) {
  test(`a socket that was lost (${what}), and another`, () => {
    const story = new SessionStory(() => nowMs)
    story.tell(open('seal'))
    assert.equal(story.tell(lost(code, reason)), `Your socket was at seal. ${told}`)
    assert.equal(story.tell({ is: 'connecting' }), '')
    assert.equal(story.tell(lost(1006)), '', 'told once')
    nowMs += 1140
    assert.equal(
      story.tell(open('heron', 'moved; reason=down')),
      `Your socket was at seal. ${told} You reconnected to heron in 1.1 s. limpet-decision: moved; reason=down.`,
    )
  })
}

test('a replica that this page has killed was killed, once', () => {
  const story = new SessionStory(() => nowMs)
  story.tell(open('seal'))
  story.kill('seal')
  assert.equal(story.tell(lost(1012, 'replica-lost')), 'Your socket was at seal. seal was killed.')
  assert.match(story.tell(open('seal')), /seal was killed\. You reconnected again to seal in 0\.0 s\./)
  assert.equal(story.tell(lost(1012, 'replica-lost')), 'Your socket was at seal. seal died.')
})

test('a socket that could not be opened at all, and one that another has replaced', () => {
  const story = new SessionStory(() => nowMs)
  assert.equal(story.tell(lost(1006)), 'The socket could not be opened.')
  nowMs += 2000
  assert.match(
    story.tell(open('seal')),
    /^The socket could not be opened\. You reconnected to seal in 2\.0 s\./,
  )
  assert.match(story.tell({ is: 'replaced' }), /^This client has opened another socket/)
})
