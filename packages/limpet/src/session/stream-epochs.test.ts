import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { StreamEpochs } from './stream-epochs.ts'

describe('who has moved a session', () => {
  let epochs: StreamEpochs
  /** Those who need not wait any more, in the order in which that came. */
  let through: string[]

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    epochs = new StreamEpochs()
    through = []
  })

  afterEach(() => mock.timers.reset())

  function wait(name: string, key: string, epoch: number): void {
    void epochs.followed(key, epoch).then(() => through.push(name))
  }

  /** Who is through by now. */
  async function now(): Promise<readonly string[]> {
    await new Promise((resolve) => setImmediate(resolve))
    return through
  }

  test('does not wait where the session has no stream', async () => {
    wait('a', 'k', 1)
    epochs.opened('other', 0)
    wait('b', 'k', 1)
    epochs.opened('k', 0)
    epochs.closed('k')
    wait('c', 'k', 1)
    assert.deepEqual(await now(), ['a', 'b', 'c'])
  })

  test('does not wait where the stream is there already, or at a later home', async () => {
    epochs.opened('k', 2)
    wait('a', 'k', 2)
    wait('b', 'k', 1)
    assert.deepEqual(await now(), ['a', 'b'])
  })

  test('waits for the stream, and not for that of another session', async () => {
    epochs.opened('k', 0)
    epochs.opened('other', 0)
    wait('a', 'k', 1)
    epochs.opened('other', 1)
    epochs.opened('k', 0)
    assert.deepEqual(await now(), [])
    epochs.opened('k', 1)
    assert.deepEqual(await now(), ['a'])
  })

  test('waits for the home that it has moved the session to, however many move it', async () => {
    epochs.opened('k', 0)
    wait('a', 'k', 1)
    wait('b', 'k', 3)
    wait('c', 'k', 2)
    epochs.opened('k', 1)
    assert.deepEqual(await now(), ['a'])
    epochs.opened('k', 3)
    assert.deepEqual((await now()).toSorted(), ['a', 'b', 'c'])
  })

  test('waits no longer than for the end of the stream', async () => {
    epochs.opened('k', 0)
    wait('a', 'k', 1)
    wait('b', 'k', 2)
    epochs.closed('other')
    assert.deepEqual(await now(), [])
    epochs.closed('k')
    assert.deepEqual(await now(), ['a', 'b'])
  })

  test('waits a second at most, each for itself, and nothing comes of what happens after', async () => {
    epochs.opened('k', 0)
    wait('a', 'k', 1)
    mock.timers.tick(400)
    wait('b', 'k', 1)
    mock.timers.tick(599)
    assert.deepEqual(await now(), [])
    mock.timers.tick(1)
    assert.deepEqual(await now(), ['a'])
    mock.timers.tick(399)
    assert.deepEqual(await now(), ['a'])
    mock.timers.tick(1)
    assert.deepEqual(await now(), ['a', 'b'])
    epochs.opened('k', 1)
    epochs.closed('k')
    assert.deepEqual(await now(), ['a', 'b'])
  })
})
