import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CreationForm, type ModelContainer, startModelContainer } from '../../kit/model-container.ts'
import { startRouter, type TestRouter } from '../../kit/router.ts'
import { SagemakerClient } from '../../kit/sagemaker-client.ts'

const keys = { LIMPET_KEYS: `1:${Buffer.alloc(32, 7).toString('base64url')}` }

function configOf(containers: readonly ModelContainer[], more = ''): string {
  const urls = containers.map(({ url, name }) => `{ url: '${url}', name: ${name} }`)
  return `services:\n  - name: media\n    dialect: sagemaker\n    replicas: [${urls.join(', ')}]\n${more}`
}

/** Sessions begun one after the other, by the container that made them. */
async function beginMany(client: SagemakerClient, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let index = 0; index < count; index++) ids.push(await client.begin())
  return ids
}

const replicaOf = (body: string): string => JSON.parse(body).replica

describe('a session of the SageMaker runtime API, by the AWS SDK', () => {
  for (const form of ['new-session', 'session', 'bare'] as const satisfies CreationForm[]) {
    test(`is created, used and closed at one container that tells of it by "${form}"`, async () => {
      await using a = await startModelContainer('a', { form })
      await using b = await startModelContainer('b', { form })
      await using router = await startRouter({ config: configOf([a, b]) })
      using client = new SagemakerClient(router.url, 'media')
      const created = await client.invoke({
        SessionId: 'NEW_SESSION',
        ContentType: 'application/json',
        Body: JSON.stringify({ requestType: 'NEW_SESSION' }),
      })
      assert.match(
        created.newSession ?? '',
        /^[a-zA-Z0-9](-*[a-zA-Z0-9])*;\sExpires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      )
      assert.equal(created.variant, 'AllTraffic')
      const id = created.sessionId!
      assert.ok(id.length <= 256)
      const [home, other] = a.sessions.size === 1 ? [a, b] : [b, a]
      const [containerId] = [...home.sessions]
      // Nobody has seen the pseudo id, in any spelling.
      assert.equal(home.seen[0]!.headers['x-amzn-sagemaker-session-id'], undefined)
      for (let round = 0; round < 20; round++) {
        const question = `{"prompt":${round}}`
        const { body } = await client.invoke({ SessionId: id, Body: question })
        assert.deepEqual(JSON.parse(body), {
          replica: home.name,
          session: containerId,
          bytes: question.length,
        })
      }
      assert.ok(home.seen[1]!.rawHeaders.includes('X-Amzn-SageMaker-Session-Id'), 'in the canonical spelling')
      const closed = await client.invoke({ SessionId: id, Body: JSON.stringify({ requestType: 'CLOSE' }) })
      assert.equal(closed.closedSession, id)
      assert.equal(home.sessions.size, 0)
      await assert.rejects(client.invoke({ SessionId: id }), {
        name: 'ValidationError',
        message: /closed/,
      })
      assert.equal(other.seen.length, 0)
    })
  }

  test('lives as long as the service says where the container does not', async () => {
    await using a = await startModelContainer('a', { form: 'bare' })
    await using router = await startRouter({ config: configOf([a], '    ttl: 2m\n') })
    using client = new SagemakerClient(router.url, 'media')
    const before = Date.now()
    const { newSession } = await client.invoke({
      SessionId: 'NEW_SESSION',
      Body: '{"requestType":"NEW_SESSION"}',
    })
    const expiresAtMs = Date.parse(newSession!.split('Expires=')[1]!)
    assert.ok(Math.abs(expiresAtMs - before - 120_000) < 3000, String(newSession))
  })

  test('is refused once it has expired, and the container does not hear of it', async () => {
    await using a = await startModelContainer('a', { expiresSeconds: 1 })
    await using router = await startRouter({ config: configOf([a]) })
    using client = new SagemakerClient(router.url, 'media')
    const id = await client.begin()
    await client.invoke({ SessionId: id })
    const deadline = Date.now() + 5000
    let error: Error | undefined
    while (error === undefined && Date.now() < deadline) {
      await client.invoke({ SessionId: id }).catch((thrown: Error) => {
        error = thrown
      })
    }
    assert.equal(error?.name, 'ValidationError')
    assert.match(error?.message ?? '', /expired/)
    const seen = a.seen.length
    await assert.rejects(client.invoke({ SessionId: id }), /expired/)
    assert.equal(a.seen.length, seen)
  })

  test('is spread over the containers by the sessions that live there', async () => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using c = await startModelContainer('c')
    await using router = await startRouter({ config: configOf([a, b, c]) })
    using client = new SagemakerClient(router.url, 'media')
    await beginMany(client, 60)
    const counts = [a, b, c].map(({ sessions }) => sessions.size)
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 4, String(counts))
  })

  test('is known to a router that never saw it, by the same keys alone', async () => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    let router: TestRouter = await startRouter({ config: configOf([a, b]), env: keys })
    let ids: string[]
    {
      await using _ = router
      using client = new SagemakerClient(router.url, 'media')
      ids = await beginMany(client, 20)
    }
    router = await startRouter({ config: configOf([b, a]), env: keys })
    await using _ = router
    using client = new SagemakerClient(router.url, 'media')
    for (const id of ids) await client.invoke({ SessionId: id })
    await assert.rejects(
      client.invoke({ SessionId: ids[0]!.replace(/.$/, (x) => (x === '0' ? '1' : '0')) }),
      {
        name: 'ValidationError',
        message: /altered/,
      },
    )
  })

  test('of one endpoint is refused at another', async () => {
    await using a = await startModelContainer('a')
    const config = `${configOf([a])}\n  - { name: text, dialect: sagemaker, replicas: ['${a.url}'] }`
    await using router = await startRouter({ config })
    using media = new SagemakerClient(router.url, 'media')
    using words = new SagemakerClient(router.url, 'text')
    using nobody = new SagemakerClient(router.url, 'nobody')
    const id = await media.begin()
    const refused = { name: 'ValidationError' }
    await assert.rejects(words.invoke({ SessionId: id }), {
      ...refused,
      message: /not belong to endpoint text/,
    })
    await assert.rejects(nobody.invoke({ SessionId: id }), {
      ...refused,
      message: 'Endpoint nobody not found.',
    })
    await assert.rejects(media.invoke({ EndpointName: 'a'.repeat(64) }), { ...refused, message: /not found/ })
    await assert.rejects(media.invoke({ SessionId: 'made-up' }), {
      ...refused,
      message: /none that endpoint/,
    })
    await assert.rejects(media.invoke({ SessionId: 'a b' }), { ...refused, message: /'sessionId' failed/ })
    await assert.rejects(media.invoke({ TargetVariant: 'Blue' }), { ...refused, message: /Variant Blue not/ })
    await assert.rejects(media.invoke({ CustomAttributes: 'x'.repeat(1025) }), {
      ...refused,
      message: /'customAttributes' failed/,
    })
    await assert.rejects(media.stream({ SessionId: 'NEW_SESSION' }).next(), {
      ...refused,
      message: /'sessionId' failed/,
    })
    assert.equal(a.seen.length, 1)
  })

  test('is lost with its container, unless the containers share it', async () => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using router = await startRouter({ config: configOf([a, b]) })
    using client = new SagemakerClient(router.url, 'media')
    const ids = await beginMany(client, 20)
    const lost = b.sessions.size
    assert.ok(lost > 0 && lost < 20)
    await b[Symbol.asyncDispose]()
    const outcomes = await Promise.allSettled(ids.map((id) => client.invoke({ SessionId: id })))
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(errors.length, lost)
    for (const error of errors) {
      assert.equal(error.name, 'ValidationError')
      assert.match(error.message, /gone/)
    }
  })

  test('moves once where the service says so, and tells the container its epoch', async () => {
    await using a = await startModelContainer('a', { handle: answerAll })
    await using b = await startModelContainer('b', { handle: answerAll })
    await using router = await startRouter({ config: configOf([a, b], '    onLost: rehome\n') })
    using client = new SagemakerClient(router.url, 'media')
    const ids = await beginMany(client, 10)
    const homes = await Promise.all(
      ids.map(async (id) => replicaOf((await client.invoke({ SessionId: id })).body)),
    )
    const moving = ids.filter((_, index) => homes[index] === 'b')
    await b[Symbol.asyncDispose]()
    a.seen.length = 0
    for (const id of [...moving, ...moving])
      assert.equal(replicaOf((await client.invoke({ SessionId: id })).body), 'a')
    assert.deepEqual(
      a.seen.map(({ headers }) => headers['limpet-epoch']),
      a.seen.map(() => '1'),
    )
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_rehomes_total'), moving.length)
  })

  test('stays within what each container may hold', async () => {
    await using a = await startModelContainer('a')
    await using b = await startModelContainer('b')
    await using router = await startRouter({ config: configOf([a, b], '    maxSessions: 3\n') })
    using client = new SagemakerClient(router.url, 'media')
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => client.begin()))
    const begun = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    assert.ok(begun.length >= 4, `${begun.length} begun at once`)
    assert.ok(a.sessions.size <= 3 && b.sessions.size <= 3)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.equal(outcome.reason.name, 'ServiceUnavailable')
    // One after the other, until there is no room.
    await assert.rejects(beginMany(client, 7), { name: 'ServiceUnavailable', message: /all the sessions/ })
    assert.deepEqual([a.sessions.size, b.sessions.size], [3, 3])
    await client.invoke({ SessionId: begun[0]!, Body: '{"requestType":"CLOSE"}' })
    await client.begin()
    assert.deepEqual([a.sessions.size, b.sessions.size], [3, 3])
  })
})

/** As containers do that share their sessions: any session is known to all. */
function answerAll(
  request: { headers: Readonly<Record<string, unknown>> },
  response: { end(text: string): void },
  container: { name: string },
): boolean {
  if (request.headers['x-amzn-sagemaker-session-id'] === undefined) return false
  response.end(JSON.stringify({ replica: container.name }))
  return true
}
