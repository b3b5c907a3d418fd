/**
 * For tests, as a process of its own: a model server that remembers. Arguments: NAME, and a folder or a Redis URL for
 * its sessions. It prints its port, and `arrived` at each request that waits.
 */
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createContainer, type Handler } from './container.ts'
import { createFileStore } from './store/file-store.ts'
import { createRedisStore } from './store/redis-store.ts'

const [name = '', place = ''] = process.argv.slice(2)
const store = /^rediss?:/.test(place)
  ? await createRedisStore({ url: place })
  : await createFileStore({ path: place })

/** Takes a film of any length, or JSON: `say` to add to what was said, `wait` to do so later, `film` to get it back. */
const handler: Handler = async (request, response, visit) => {
  if (request.headers['content-type'] !== 'application/json') {
    await (visit.session ?? (await visit.create())).put('film', request)
    response.end(`${process.resourceUsage().maxRSS}`)
    return
  }
  const { say, waitMs, film } = (await json(request)) as { say?: string; waitMs?: number; film?: boolean }
  const { session } = visit
  if (film) {
    const value = await session?.read('film')
    if (value) await pipeline(value.content, response)
    return
  }
  const said = ((await session?.get('said')) ?? []) as string[]
  if (waitMs !== undefined) {
    process.stdout.write('arrived\n')
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  said.push(say ?? '')
  await session?.put('said', said)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ name, said, maxRssKiB: process.resourceUsage().maxRSS }))
}

const container = await createContainer({
  store,
  handler,
  settings: { enabled: true },
})
const { port } = await container.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${port}\n`)
