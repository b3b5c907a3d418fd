import { type CaseContext, demand } from './case.ts'
import { demandOk, exchange, get } from './exchange.ts'
import { ok, type Reply } from './recording-replica.ts'

/** The next request of the case must get its own answer, on another connection than `usedId`. */
export async function demandFreshConnection(context: CaseContext, usedId: number): Promise<void> {
  const { response } = await exchange(context, get(context.token, [], '/after'))
  demandOk(response)
  demand(response.body === 'after', 'the next request gets another answer than its own')
  const after = context.replica.seen(context.token).find(({ request }) => request.target.endsWith('/after'))
  demand(after !== undefined && after.connection.id !== usedId, "the replica's connection is used again")
}

/** Answers /after in order, and every other request of the case as `bad` does. */
export function answerBadly(context: CaseContext, bad: (reply: Reply) => Promise<void> | void): void {
  context.answer(async ({ request }, reply) => {
    await reply.wholeRequest()
    if (request.target.endsWith('/after')) reply.send(ok('after'))
    else await bad(reply)
  })
}
