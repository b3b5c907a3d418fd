/** One table of cases that channels pass over every store. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Channel,
  ChannelError,
  type ChannelMessage,
  MessageTooLargeError,
  type Subscription,
  TopicError,
} from '@limpet/replica/channel'
import { within } from '../kit/process.ts'
import { brokerPlace, type Place, redisPlace } from './places.ts'

interface Case {
  readonly promise: string
  check(place: Place, one: Channel, other: Channel, topic: string): Promise<void>
}

/** Takes `count` messages. */
async function take(subscription: Subscription, count: number): Promise<ChannelMessage[]> {
  const taken: ChannelMessage[] = []
  const all = async (): Promise<ChannelMessage[]> => {
    const messages = subscription[Symbol.asyncIterator]()
    while (taken.length < count) {
      const { value, done } = await messages.next()
      if (done) throw new Error(`The subscription ended after ${taken.length} messages.`)
      taken.push(value)
    }
    return taken
  }
  return within(20_000, `${count} messages`, all()).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${taken.length}`)
  })
}

const dataOf = (messages: readonly ChannelMessage[]): unknown[] => messages.map(({ data }) => data)
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, at) => from + at)
const ready = (subscription: Subscription) => within(10_000, 'the subscription is ready', subscription.ready)

const cases: readonly Case[] = [
  {
    promise: 'delivers what is published once a subscription is ready, with its id and position, in order',
    async check(_, one, other, topic) {
      const subscription = other.subscribe(topic)
      await ready(subscription)
      const published = []
      for (const data of ['text', { a: [1, null] }, 3, '', 'ö\n"'])
        published.push(await one.publish(topic, data))
      const messages = await take(subscription, 5)
      assert.deepEqual(dataOf(messages), ['text', { a: [1, null] }, 3, '', 'ö\n"'])
      assert.deepEqual(
        messages.map(({ id, position, gap }) => ({ id, position, gap })),
        published.map((each) => ({ ...each, gap: false })),
      )
    },
  },
  {
    promise: 'keeps what is published at once in one order for all, the publisher among them',
    async check(_, one, other, topic) {
      const subscriptions = [one, other, other].map((channel) => channel.subscribe(topic))
      for (const subscription of subscriptions) await ready(subscription)
      await Promise.all(numbers(200).map((data) => (data % 2 ? one : other).publish(topic, data)))
      const [first, ...others] = await Promise.all(subscriptions.map((each) => take(each, 200)))
      assert.deepEqual(
        dataOf(first!).toSorted((a, b) => Number(a) - Number(b)),
        numbers(200),
      )
      for (const each of others) assert.deepEqual(each, first)
    },
  },
  {
    promise: 'goes on behind a position at another replica, and from the beginning',
    async check(_, one, other, topic) {
      for (const data of numbers(500)) await one.publish(topic, data)
      const all = await take(other.subscribe(topic, { after: '0-0' }), 500)
      assert.deepEqual(dataOf(all), numbers(500))
      const rest = other.subscribe(topic, { after: all[300]!.position })
      await one.publish(topic, 500)
      const messages = await take(rest, 200)
      assert.deepEqual(dataOf(messages), numbers(200, 301))
      assert.ok([...all, ...messages].every(({ gap }) => !gap))
    },
  },
  {
    promise: 'begins with what comes next where no position is given',
    async check(_, one, other, topic) {
      await one.publish(topic, 'before')
      const subscription = other.subscribe(topic)
      await ready(subscription)
      await one.publish(topic, 'behind')
      assert.deepEqual(dataOf(await take(subscription, 1)), ['behind'])
    },
  },
  {
    promise: 'keeps topics apart, whatever they are called',
    async check(_, one, other, topic) {
      const names = [`${topic}/a`, `${topic}/b`, `${topic}{a}`, `${topic}:log`, `${topic}*`, `${topic}日本`]
      const subscriptions = names.map((name) => other.subscribe(name))
      for (const subscription of subscriptions) await ready(subscription)
      for (const name of names) await one.publish(name, name)
      for (const [at, subscription] of subscriptions.entries())
        assert.deepEqual(dataOf(await take(subscription, 1)), [names[at]])
    },
  },
  {
    promise: 'loses and repeats nothing when connections break while messages flow',
    async check(place, one, other, topic) {
      const subscription = other.subscribe(topic)
      await ready(subscription)
      const got = take(subscription, 300)
      for (const data of numbers(300)) {
        await one.publish(topic, data)
        if (data % 60 === 30) place.cut()
      }
      const messages = await got
      assert.deepEqual(dataOf(messages), numbers(300))
      assert.ok(messages.every(({ gap }) => !gap))
    },
  },
  {
    promise: 'delivers once what is published again because its answer was lost',
    async check(place, _, other, topic) {
      await using hasty = disposable(await place.open({ timeoutMs: 1500 }))
      const subscription = other.subscribe(topic)
      await ready(subscription)
      const late = hasty.channel.publish(topic, 'once')
      place.swallow()
      setTimeout(() => place.cut(), 300)
      const { id } = await late
      await hasty.channel.publish(topic, 'end')
      const messages = await take(subscription, 2)
      assert.deepEqual(dataOf(messages), ['once', 'end'])
      assert.equal(messages[0]!.id, id)
    },
  },
  {
    promise: 'tells of what is not kept any more',
    async check(_, one, other, topic) {
      const { position } = await one.publish(topic, 'seen')
      const big = 'x'.repeat(100_000)
      for (const data of numbers(15)) await one.publish(topic, `${data} ${big}`)
      const messages = await take(other.subscribe(topic, { after: position }), 5)
      assert.equal(messages[0]!.gap, true)
      assert.notEqual(String(messages[0]!.data).slice(0, 2), '0 ')
      assert.ok(messages.slice(1).every(({ gap }) => !gap))
    },
  },
  {
    promise: 'goes on with a store that was lost, and tells of it',
    async check(place, one, other, topic) {
      const subscription = other.subscribe(topic)
      await ready(subscription)
      const before = await one.publish(topic, 'before')
      assert.deepEqual(dataOf(await take(subscription, 1)), ['before'])
      await place.kill()
      await assert.rejects(one.publish(topic, 'nowhere'), ChannelError)
      await place.restart()
      const more = other.subscribe(topic, { after: before.position })
      await ready(more)
      // The subscription that was there finds its way back by itself; nobody can await when.
      await new Promise((resolve) => setTimeout(resolve, 6000))
      await one.publish(topic, 'after')
      for (const each of [subscription, more]) {
        const [message] = await take(each, 1)
        assert.deepEqual([message!.data, message!.gap], ['after', true])
      }
    },
  },
  {
    promise: 'makes a slow consumer wait for nothing, and keeps no more than some of what it has yet to take',
    async check(_, one, other, topic) {
      const subscription = other.subscribe(topic)
      await ready(subscription)
      const messages = subscription[Symbol.asyncIterator]()
      const first = messages.next()
      for (const data of numbers(950)) await one.publish(topic, data)
      assert.equal((await first).value.data, 0)
      assert.deepEqual(dataOf(await take(subscription, 949)), numbers(949, 1))
    },
  },
  {
    promise: 'loses nothing when a topic is left and joined again, at once and again',
    async check(_, one, other, topic) {
      let { position: after } = await one.publish(topic, 'first')
      const publishing = (async () => {
        for (const data of numbers(100)) await one.publish(topic, data)
      })()
      for (let next = 0; next < 100; ) {
        const subscription = other.subscribe(topic, { after })
        for (const { data, position, gap } of await take(subscription, Math.min(7, 100 - next))) {
          assert.deepEqual([data, gap], [next++, false])
          after = position
        }
        subscription.close()
      }
      await publishing
    },
  },
  {
    promise: 'serves subscriptions of one topic from different positions',
    async check(_, one, __, topic) {
      const positions: string[] = []
      for (const data of numbers(20)) positions.push((await one.publish(topic, data)).position)
      const subscriptions = [0, 9, 18].map((at) => one.subscribe(topic, { after: positions[at] }))
      for (const data of numbers(5, 20)) await one.publish(topic, data)
      const [early, middle, late] = await Promise.all([
        take(subscriptions[0]!, 24),
        take(subscriptions[1]!, 15),
        take(subscriptions[2]!, 6),
      ])
      assert.deepEqual(dataOf(early), numbers(24, 1))
      assert.deepEqual(dataOf(middle), numbers(15, 10))
      assert.deepEqual(dataOf(late), numbers(6, 19))
    },
  },
  {
    promise: 'tells of each gap, and keeps the order, while messages leave faster than they are taken',
    async check(_, one, other, topic) {
      const subscription = other.subscribe(topic)
      await ready(subscription)
      const big = 'x'.repeat(200_000)
      const publishing = (async () => {
        for (const data of numbers(60)) await one.publish(topic, { data, big })
      })()
      let last = -1
      for await (const { data: message, gap } of subscription) {
        const { data } = message as { data: number }
        assert.ok(data > last && (data === last + 1 || gap), `${data} behind ${last}, gap: ${gap}`)
        last = data
        if (data === 59) break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await publishing
    },
  },
  {
    promise: 'ends a subscription by close, by its signal, by leaving the loop and with the channel',
    async check(place, one, _, topic) {
      const { channel } = disposable(await place.open())
      const end = new AbortController()
      const [closed, aborted, left, last] = [
        channel.subscribe(topic),
        channel.subscribe(topic, { signal: end.signal }),
        channel.subscribe(topic),
        channel.subscribe(topic),
      ]
      const ends = [closed, aborted, last].map(async (each) => {
        for await (const message of each!) assert.fail(String(message.data))
      })
      for (const each of [closed, aborted, left, last]) await ready(each!)
      closed!.close()
      end.abort()
      await within(5000, 'the ends', Promise.all(ends.slice(0, 2)))
      const leaving = (async () => {
        for await (const { data } of left!) return data
      })()
      // `last` would get it too, and fail.
      last!.close()
      await one.publish(topic, 'x')
      assert.equal(await leaving, 'x')
      const open = channel.subscribe(topic)
      await channel.close()
      for await (const message of open) assert.fail(String(message.data))
      await assert.rejects(open.ready)
      await assert.rejects(channel.publish(topic, 1), ChannelError)
      assert.throws(() => channel.subscribe(topic), ChannelError)
    },
  },
  {
    promise: 'refuses what it can not carry',
    async check(_, one, __, topic) {
      for (const wrong of ['', 'a b', 'a\nb', 'a\0', 'x'.repeat(201), '\ud800'])
        await assert.rejects(one.publish(wrong, 1), TopicError)
      assert.throws(() => one.subscribe('a b'), TopicError)
      assert.throws(() => one.subscribe(topic, { after: 'yesterday' }), TopicError)
      await assert.rejects(one.publish(topic, undefined), { code: 'LIMPET_REPLICA_BAD_VALUE' })
      await assert.rejects(one.publish(topic, 1n), { code: 'LIMPET_REPLICA_BAD_VALUE' })
      await assert.rejects(one.publish(topic, 'x'.repeat(256 * 1024)), MessageTooLargeError)
      await one.publish(topic, 'x'.repeat(256 * 1024 - 2))
    },
  },
]

function disposable(channel: Channel) {
  return { channel, [Symbol.asyncDispose]: () => channel.close() }
}

const places: readonly [name: string, open: () => Promise<Place>][] = [
  ['Redis', redisPlace],
  ["a router's broker", brokerPlace],
]

for (const [name, openPlace] of places) {
  describe(`a channel over ${name}`, () => {
    let place: Place
    let one: Channel
    let other: Channel
    before(async () => {
      place = await openPlace()
      one = await place.open()
      other = await place.open()
    })
    after(async () => {
      await one.close()
      await other.close()
      await place[Symbol.asyncDispose]()
    })
    for (const [at, { promise, check }] of cases.entries())
      test(promise, () => check(place, one, other, `case/${at}`))
  })
}

test('what is longer alone than all that is kept is delivered to those who listen, over Redis', async () => {
  await using place = await redisPlace()
  await using small = disposable(await place.open({ retention: { bytes: 100 } }))
  const { channel } = small
  const subscription = channel.subscribe('a', { after: '0-0' })
  await ready(subscription)
  const { position } = await channel.publish('a', 'x'.repeat(200))
  await channel.publish('a', 'y')
  assert.deepEqual(dataOf(await take(subscription, 2)), ['x'.repeat(200), 'y'])
  const [message] = await take(channel.subscribe('a', { after: position }), 1)
  assert.deepEqual([message!.data, message!.gap], ['y', false])
})
