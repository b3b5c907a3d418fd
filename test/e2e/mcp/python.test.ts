/** The official Python SDK on both sides: it takes other answers amiss than those in TypeScript do. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { freePort } from '../../kit/free-port.ts'
import { mcpConfig } from '../../kit/mcp/front.ts'
import { endProcess, startProcess, until, within } from '../../kit/process.ts'
import { startRouter } from '../../kit/router.ts'
import { repositoryRoot } from '../demo-process.ts'
import { pythonEnvironment } from '../python-environment.ts'

const script = (name: string) => join(repositoryRoot, 'test/e2e/python', name)

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })

test('a Python client goes on when its Python server is killed: only the call in hand fails, and at once', async (t) => {
  const environment = await pythonEnvironment()
  if ('missing' in environment) {
    process.stderr.write(`SKIPPED: ${t.name}: ${environment.missing}\n`)
    t.skip(environment.missing)
    return
  }
  const { python } = environment
  const ports = [await freePort(), await freePort()]
  const names = ['a', 'b']
  const servers = ports.map((port, index) =>
    startProcess(python, [script('mcp_server.py'), names[index]!, `${port}`], {
      stdio: ['ignore', 'ignore', 'ignore'],
    }),
  )
  t.after(() => Promise.all(servers.map((server) => endProcess(server))))
  for (const port of ports) await until(`the server at ${port} listens`, () => listens(port), 30_000)
  const replicas = ports.map((port, index) => ({ name: names[index]!, url: `http://127.0.0.1:${port}` }))
  await using router = await startRouter({ config: mcpConfig(replicas) })
  const client = startProcess(python, [script('mcp_calls.py'), `${router.url}/mcp`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => endProcess(client))
  const lines = createInterface({ input: client.stdout! })[Symbol.asyncIterator]()
  const next = async () => {
    const { value } = await within(30_000, 'the client says more', lines.next())
    return JSON.parse(value ?? '')
  }

  const { counts } = await next()
  const home = counts[0].split(' ')[0] as string
  assert.deepEqual(counts, [`${home} 1`, `${home} 2`])
  assert.deepEqual(await next(), { waits: true })
  await endProcess(servers[names.indexOf(home)]!)
  client.stdin!.write('\n')
  const after = await next()
  const other = names.find((name) => name !== home)
  assert.deepEqual(after, { slow: 'error -32603', counts: [`${other} 1`, `${other} 2`] })
  await within(15_000, 'the client ends', once(client, 'exit'))
  assert.equal(client.exitCode, 0)
})
