import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Call, CallError, type Json, schema, type Tool, text } from './call.ts'

/** The extension of tasks (SEP-2663), which the SDK leaves to servers. Tasks are in this process's memory. */
export const tasksExtension = 'io.modelcontextprotocol/tasks'

interface Task {
  /** What clients see of it. */
  readonly seen: Record<string, Json>
  readonly cancelled: AbortController
  answer?: (answers: Json) => void
}

interface TaskContext {
  readonly signal: AbortSignal
  /** Waits until all these are answered. */
  ask(inputRequests: Record<string, Json>): Promise<Json>
}

const tasks = new Map<string, Task>()
const working = { ttlMs: 300_000, pollIntervalMs: 100 }
const required = { requiredCapabilities: { extensions: { [tasksExtension]: {} } } }

function declares({ modern }: Call): boolean {
  return (modern!.capabilities.extensions as Json)?.[tasksExtension] !== undefined
}

/** Begins `work` and gives what a client needs to ask for it. */
function begin(work: (context: TaskContext) => Promise<Json>): Json {
  const now = new Date().toISOString()
  const taskId = randomUUID()
  const seen: Json = { taskId, status: 'working', createdAt: now, lastUpdatedAt: now, ...working }
  const task: Task = { seen, cancelled: new AbortController() }
  tasks.set(taskId, task)
  // As it is now: what it becomes is for who asks.
  const begun = { resultType: 'task', ...seen }
  work({ signal: task.cancelled.signal, ask: (inputRequests) => ask(task, inputRequests) }).then(
    (result) => become(task, 'completed', { result }),
    ({ code = -32603, message }) => become(task, 'failed', { error: { code, message } }),
  )
  return begun
}

function become({ seen }: Task, status: string, more: Record<string, Json> = {}): void {
  if (seen.status === 'cancelled') return
  delete seen.inputRequests
  Object.assign(seen, { status, lastUpdatedAt: new Date().toISOString(), ...more })
}

async function ask(task: Task, inputRequests: Record<string, Json>): Promise<Json> {
  const answered = Promise.withResolvers<Json>()
  let pending = inputRequests
  const answers: Record<string, Json> = {}
  become(task, 'input_required', { inputRequests })
  task.answer = (some) => {
    Object.assign(answers, some)
    pending = Object.fromEntries(Object.entries(pending).filter(([key]) => answers[key] === undefined))
    if (Object.keys(pending).length > 0) become(task, 'input_required', { inputRequests: pending })
    else answered.resolve(answers)
  }
  const result = await answered.promise
  become(task, 'working')
  return result
}

/** A tool that is a task for clients that know tasks, and for others an answer, or an error if it `needs` them. */
function taskTool(
  description: string,
  work: (context: TaskContext, args: Json) => Promise<Json>,
  needs = false,
): Tool {
  return {
    description,
    inputSchema: schema({ seconds: { type: 'number' }, label: { type: 'string' } }),
    run(call, args) {
      if (declares(call)) return begin((context) => work(context, args))
      if (needs) throw new CallError(-32021, 'This tool needs the tasks extension', required)
      const never = async () => Promise.reject(new CallError(-32602, 'There is nobody to ask'))
      return work({ signal: new AbortController().signal, ask: never }, args)
    },
  }
}

const question = (message: string) => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: schema({ confirm: { type: 'boolean' } }, ['confirm']) },
})

export const taskTools: Readonly<Record<string, Tool>> = {
  greet: {
    description: 'Greets',
    inputSchema: schema({ name: { type: 'string' } }),
    run: (_, { name }) => text(`Hello, ${name}!`),
  },
  slow_compute: taskTool('Takes so many seconds', async ({ signal }, { seconds = 1, label = '' }) => {
    await delay(seconds * 1000, undefined, { signal })
    return text(`Computed ${label}`)
  }),
  failing_job: taskTool(
    'Fails after a while',
    async ({ signal }) => {
      await delay(500, undefined, { signal })
      return { ...text('It failed.'), isError: true }
    },
    true,
  ),
  protocol_error_job: taskTool('Breaks', async () => {
    throw new CallError(-32603, 'It broke.')
  }),
  confirm_delete: taskTool('Asks first', async ({ ask }) =>
    text(await ask({ confirm: question('Delete?') })),
  ),
  test_tool_with_task: {
    description: 'Asks first, then begins a task',
    run(call) {
      const { user_name } = call.modern!.answers
      if (user_name !== undefined) return begin(async () => text(user_name))
      return { resultType: 'input_required', inputRequests: { user_name: question('For whom?') } }
    },
  },
  multi_input: taskTool('Asks two things first', async ({ ask }) =>
    text(await ask({ first: question('First?'), second: question('Second?') })),
  ),
}

function taskOf(call: Call, { taskId }: Json): Task {
  if (!declares(call)) throw new CallError(-32021, 'The tasks extension is required', required)
  const task = tasks.get(taskId)
  if (task === undefined) throw new CallError(-32602, `Unknown task: ${taskId}`)
  return task
}

export const taskAnswers = {
  'tasks/get': (call: Call, params: Json) => ({ resultType: 'complete', ...taskOf(call, params).seen }),
  'tasks/update'(call: Call, params: Json) {
    taskOf(call, params).answer?.(params.inputResponses ?? call.modern!.answers)
    return { resultType: 'complete' }
  },
  'tasks/cancel'(call: Call, params: Json) {
    const task = taskOf(call, params)
    if (['working', 'input_required'].includes(task.seen.status)) {
      become(task, 'cancelled')
      task.cancelled.abort()
    }
    return { resultType: 'complete' }
  },
}
