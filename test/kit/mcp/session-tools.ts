import { setTimeout as delay } from 'node:timers/promises'
import { type Call, CallError, schema, type Tool, text } from './call.ts'

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** The resource whose updates `touch` tells to those who subscribed to it. */
export const touchedUri = 'test://touched'

/** Tools that show where a session lives and what it remembers. */
export const sessionTools: Readonly<Record<string, Tool>> = {
  whoami: { description: 'The name of the replica', run: ({ replica }) => text(replica) },

  count: {
    description: 'Counts the calls of this session',
    inputSchema: schema({ call: { type: 'string' } }),
    run(call, { call: id }) {
      if (id !== undefined) call.record(id)
      call.state.count++
      return text({ replica: call.replica, count: call.state.count })
    },
  },

  notes_add: {
    description: 'Adds to the notes of this session',
    inputSchema: schema({ note: { type: 'string' } }, ['note']),
    run({ state }, { note }) {
      state.notes.push(note)
      return text(state.notes)
    },
  },

  notes_list: { description: 'The notes of this session', run: ({ state }) => text(state.notes) },

  slow: {
    description: 'Answers after so many milliseconds',
    inputSchema: schema({ ms: { type: 'number' }, call: { type: 'string' } }, ['ms']),
    async run(call, { ms, call: id }) {
      call.record(id ?? 'slow')
      await delay(ms)
      return text(call.replica)
    },
  },

  progress: {
    description: 'Tells its progress n times in so many milliseconds',
    inputSchema: schema({ n: { type: 'number' }, ms: { type: 'number' } }, ['n', 'ms']),
    async run(call, { n, ms }) {
      call.record('progress')
      for (let step = 1; step <= n; step++) {
        await delay(ms / n)
        await tellProgress(call, step, n)
      }
      return text(call.replica)
    },
  },

  elicit: {
    description: 'Asks the user a question',
    inputSchema: schema({ message: { type: 'string' } }),
    async run(call, { message = 'Which shore?' }) {
      const params = { message, requestedSchema: schema({ shore: { type: 'string' } }, ['shore']) }
      call.record('elicit')
      if (call.modern === undefined) return text(await call.ask!('elicitation/create', params))
      const { answers, state } = call.modern
      if (answers.shore !== undefined && state !== undefined)
        return text({ ...answers.shore, askedBy: state.askedBy, replica: call.replica })
      return {
        resultType: 'input_required',
        inputRequests: { shore: { method: 'elicitation/create', params: { mode: 'form', ...params } } },
        requestState: await call.modern.seal({ askedBy: call.replica }),
      }
    },
  },

  sample: {
    description: "Asks the client's model",
    async run(call) {
      if (call.ask === undefined) throw new CallError(-32602, 'sample needs a session')
      call.record('sample')
      const messages = [{ role: 'user', content: { type: 'text', text: 'Which shore?' } }]
      return text(await call.ask('sampling/createMessage', { messages, maxTokens: 10 }))
    },
  },

  touch: {
    description: `Tells this session that ${touchedUri} has changed, if it subscribed to it`,
    async run({ state }) {
      const subscribed = state.subscriptions.has(touchedUri)
      if (subscribed) await state.announce('notifications/resources/updated', { uri: touchedUri })
      return text({ subscribed })
    },
  },

  log: {
    description: "Logs on the session's stream, unless the session has set a higher level",
    inputSchema: schema({ level: { type: 'string' }, data: { type: 'string' } }, ['level', 'data']),
    async run({ state }, { level, data }) {
      const logged = levels.indexOf(level) >= levels.indexOf(state.level)
      if (logged) await state.announce('notifications/message', { level, logger: 'fixture', data })
      return text({ logged, level: state.level })
    },
  },
}

export async function tellProgress(call: Call, progress: number, total: number): Promise<void> {
  if (call.progressToken === undefined) return
  const { progressToken } = call
  const message = `${progress} of ${total}`
  await call.notify('notifications/progress', { progressToken, progress, total, message })
}
