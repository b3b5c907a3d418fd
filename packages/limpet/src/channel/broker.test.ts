import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Broker, brokerLimits, type Listener } from './broker.ts'
import { beginning } from './topic-log.ts'

const limits = { ...brokerLimits, topics: 3, listens: 4, allBytes: 20, ageMs: 60_000 }

describe('the broker', () => {
  let broker: Broker
  let heard: string[]
  let nowMs: number
  const listener: Listener = { onEntry: (topic, [, , , text]) => heard.push(`${topic} ${text}`) }

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
    nowMs = 1000
    heard = []
    broker = new Broker(limits, () => nowMs)
  })
  afterEach(() => {
    broker.stop()
    mock.timers.reset()
  })

  const textsOf = (topic: string) => broker.read(topic, beginning).entries.map(([, , , text]) => text)

  test('tells those who listen, and no others', () => {
    broker.listen('a', listener)
    broker.listen('a', listener)
    broker.publish('a', '1', 'x')
    broker.publish('b', '2', 'y')
    broker.unlisten('a', listener)
    broker.publish('a', '3', 'z')
    assert.deepEqual(heard, ['a x'])
    assert.deepEqual(textsOf('a'), ['x', 'z'])
    const { published, delivered, listens, topics, bytes } = broker.counts
    assert.deepEqual([published, delivered, listens, topics, bytes], [3, 1, 0, 2, 3])
  })

  test('forgets of too many topics the one that was quiet the longest', () => {
    for (const name of ['a', 'b', 'c']) broker.publish(name, '1', 'x')
    broker.publish('a', '2', 'y')
    broker.publish('d', '1', 'x')
    assert.deepEqual(['a', 'b', 'c', 'd'].map(textsOf), [['x', 'y'], [], ['x'], ['x']])
    assert.equal(broker.read('b', beginning).last, beginning)
    assert.deepEqual([broker.counts.topics, broker.counts.bytes], [3, 4])
  })

  test('forgets whole topics that nobody listens to before messages of others, where all hold too much', () => {
    broker.listen('heard', listener)
    broker.publish('heard', '1', 'x'.repeat(8))
    broker.publish('quiet', '1', 'x'.repeat(8))
    broker.publish('heard', '2', 'y'.repeat(8))
    assert.deepEqual([textsOf('quiet'), textsOf('heard').length], [[], 2])
    broker.publish('heard', '3', 'z'.repeat(8))
    assert.equal(textsOf('heard').length, 2)
    assert.equal(broker.counts.bytes, 16)
  })

  test('has no more listeners than it may have, and no topic for one that has left', () => {
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(broker.listen(name, listener), true)
    assert.equal(broker.listen('e', listener), false)
    broker.unlisten('a', listener)
    assert.equal(broker.listen('e', listener), true)
    assert.equal(broker.counts.topics, 4)
  })

  test('lets messages go with their age, and remembers where their topic was', () => {
    const position = broker.publish('a', '1', 'x')
    nowMs += 70_000
    mock.timers.tick(10_000)
    assert.deepEqual([textsOf('a'), broker.counts.bytes], [[], 0])
    assert.equal(broker.read('a', undefined).last, position)
  })
})
