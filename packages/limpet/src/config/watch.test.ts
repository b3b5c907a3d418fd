import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LimpetError } from '../errors.ts'
import { loadConfig } from './load.ts'
import type { Config } from './schema.ts'
import { type WatchOptions, watchConfig } from './watch.ts'

const withTtl = (ttl: string) => `services: [{ name: a, replicas: [], ttl: ${ttl} }]\n`

/** What a watch reported, to be awaited one by one. */
function inbox() {
  const reports: (Config | LimpetError)[] = []
  let wake: (() => void) | undefined
  const put = (report: Config | LimpetError) => {
    reports.push(report)
    wake?.()
  }
  const next = async (): Promise<Config | LimpetError> => {
    while (reports.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return reports.shift()!
  }
  return {
    put,
    fault: async () => String(await next()),
    ttlMs: async () => {
      const report = await next()
      return 'services' in report ? report.services[0]?.ttlMs : report.message
    },
    isEmpty: () => reports.length === 0,
  }
}

/** A watched file in a folder of its own, both gone after the test. */
async function watched(t: TestContext, options: Partial<WatchOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'limpet-watch-'))
  const path = join(folder, 'limpet.yaml')
  await writeFile(path, withTtl('1s'))
  const end = new AbortController()
  t.after(async () => {
    end.abort()
    await rm(folder, { recursive: true })
  })
  const box = inbox()
  const current = await loadConfig(path)
  const watch = watchConfig(path, {
    signal: end.signal,
    current,
    onChange: box.put,
    onFault: box.put,
    ...options,
  })
  return { folder, path, box, end, watch }
}

describe('a watched config file', { timeout: 20_000 }, () => {
  it('is taken up when it is written', async (t) => {
    const { path, box } = await watched(t)
    await writeFile(path, withTtl('2s'))
    assert.equal(await box.ttlMs(), 2000)
  })

  it('is taken up when an editor puts another file in its place, again and again', async (t) => {
    const { path, box } = await watched(t)
    for (const seconds of [2, 3, 4]) {
      await writeFile(`${path}~`, withTtl(`${seconds}s`))
      await rename(`${path}~`, path)
      assert.equal(await box.ttlMs(), seconds * 1000)
    }
  })

  it('is taken up when Kubernetes swaps the folder it is linked from', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'limpet-watch-'))
    for (const version of ['1', '2']) {
      await mkdir(join(folder, `..v${version}`))
      await writeFile(join(folder, `..v${version}`, 'limpet.yaml'), withTtl(`${version}s`))
    }
    await symlink('..v1', join(folder, '..data'))
    await symlink(join('..data', 'limpet.yaml'), join(folder, 'limpet.yaml'))
    const end = new AbortController()
    t.after(async () => {
      end.abort()
      await rm(folder, { recursive: true })
    })
    const box = inbox()
    const path = join(folder, 'limpet.yaml')
    const current = await loadConfig(path)
    const handlers = { signal: end.signal, onChange: box.put, onFault: box.put }
    const watch = watchConfig(path, { ...handlers, current, pollMs: 60_000 })
    // From here on nothing but an event can bring the change about.
    assert.equal(await watch.reload(), 'same')
    await symlink('..v2', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    assert.equal(await box.ttlMs(), 2000)
  })

  it('is taken up without events when it is a link to another folder', async (t) => {
    const target = await mkdtemp(join(tmpdir(), 'limpet-watch-target-'))
    t.after(() => rm(target, { recursive: true }))
    const { folder, box, end } = await watched(t)
    await writeFile(join(target, 'far.yaml'), withTtl('1s'))
    const path = join(folder, 'link.yaml')
    await symlink(join(target, 'far.yaml'), path)
    const current = await loadConfig(path)
    const far = inbox()
    const handlers = { signal: end.signal, onChange: far.put, onFault: far.put }
    const watch = watchConfig(path, { ...handlers, current, pollMs: 50 })
    assert.equal(await watch.reload(), 'same')
    await writeFile(join(target, 'far.yaml'), withTtl('2s'))
    assert.equal(await far.ttlMs(), 2000)
    assert.ok(box.isEmpty())
  })

  it('says what is wrong with it, and is taken up once it is right', async (t) => {
    const { path, box } = await watched(t)
    await writeFile(path, withTtl('2'))
    assert.match(await box.fault(), /ConfigError: .*:1:42: services\[0\]\.ttl must be a duration/)
    await rm(path)
    assert.match(await box.fault(), /StartError: The config file .* does not exist/)
    await writeFile(path, withTtl('3s'))
    assert.equal(await box.ttlMs(), 3000)
  })

  it('changes nothing when only a comment changed', async (t) => {
    const { path, box, watch } = await watched(t)
    await writeFile(path, `# sliding\n${withTtl('1s')}`)
    assert.equal(await watch.reload(), 'same')
    await writeFile(path, withTtl('2s'))
    assert.equal(await box.ttlMs(), 2000)
    assert.ok(box.isEmpty())
  })

  it('is read at once on reload, which repeats a fault', async (t) => {
    const { path, box, watch } = await watched(t, { pollMs: 60_000 })
    await writeFile(path, withTtl('2s'))
    assert.equal(await watch.reload(), 'changed')
    assert.equal(await box.ttlMs(), 2000)
    await writeFile(path, withTtl('2'))
    assert.equal(await watch.reload(), 'fault')
    assert.equal(await watch.reload(), 'fault')
    assert.match(await box.fault(), /must be a duration/)
    assert.match(await box.fault(), /must be a duration/)
  })

  it('is left alone once the signal ends the watch', async (t) => {
    const { path, box, end, watch } = await watched(t, { pollMs: 10 })
    end.abort()
    await writeFile(path, withTtl('2s'))
    assert.equal(await watch.reload(), 'same')
    // There is no event for what must not happen; this is many polls and more than a change needs to settle.
    await sleep(300)
    assert.ok(box.isEmpty())
  })
})
