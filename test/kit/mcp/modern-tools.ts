import { type Call, CallError, type Json, schema, type Tool, text } from './call.ts'

const elicitation = (message: string, property: string, type = 'string') => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: schema({ [property]: { type } }, [property]) },
})

const sampling = (question: string) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: question } }], maxTokens: 50 },
})

const roots = { method: 'roots/list', params: {} }

const name = { user_name: elicitation('What is your name?', 'name') }

/** Asks for `inputRequests`, and is done when all are answered. */
async function askAll(call: Call, inputRequests: Record<string, Json>, state?: Json): Promise<Json> {
  const { answers, seal } = call.modern!
  const answered = Object.keys(inputRequests).every((key) => isAnswer(answers[key]))
  if (answered && (state === undefined || call.modern!.state !== undefined)) return text(answers)
  return {
    resultType: 'input_required',
    inputRequests,
    ...(state !== undefined && { requestState: await seal(state) }),
  }
}

function isAnswer(answer: Json): boolean {
  return typeof answer === 'object' && answer !== null
}

/** The tools that the conformance suite asks of servers of 2026-07-28: retries that carry input and state. */
export const modernTools: Readonly<Record<string, Tool>> = {
  test_input_required_result_elicitation: {
    description: 'Asks for a name',
    run: (call) => askAll(call, name),
  },

  test_input_required_result_sampling: {
    description: "Asks the client's model",
    run: (call) => askAll(call, { capital_question: sampling('What is the capital of France?') }),
  },

  test_input_required_result_list_roots: {
    description: 'Asks for roots',
    run: (call) => askAll(call, { client_roots: roots }),
  },

  test_input_required_result_request_state: {
    description: 'Asks, and wants its state back',
    async run(call) {
      const result = await askAll(call, { confirm: elicitation('Please confirm', 'ok', 'boolean') }, 'asked')
      return result.resultType === undefined ? text('state-ok') : result
    },
  },

  test_input_required_result_multiple_inputs: {
    description: 'Asks for three things at once',
    run: (call) =>
      askAll(call, { ...name, greeting: sampling('Generate a greeting'), client_roots: roots }, 'asked'),
  },

  test_input_required_result_multi_round: {
    description: 'Asks twice',
    async run(call) {
      const { answers, state, seal } = call.modern!
      if (isAnswer(answers.step2) && state?.round === 2) return text({ ...state, ...answers })
      const second = isAnswer(answers.step1) && state?.round === 1
      return {
        resultType: 'input_required',
        inputRequests: second
          ? { step2: elicitation('Step 2: What is your favorite color?', 'color') }
          : { step1: elicitation('Step 1: What is your name?', 'name') },
        requestState: await seal({ round: second ? 2 : 1 }),
      }
    },
  },

  test_input_required_result_tampered_state: {
    description: 'Asks, and knows its own state',
    run: (call) => askAll(call, { confirm: elicitation('Please confirm', 'ok', 'boolean') }, 'asked'),
  },

  test_input_required_result_capabilities: {
    description: 'Asks for what the client can answer',
    run: (call) =>
      askAll(call, {
        ...(call.modern!.capabilities.elicitation !== undefined && name),
        ...(call.modern!.capabilities.sampling !== undefined && { greeting: sampling('Greet') }),
      }),
  },

  test_missing_capability: {
    description: 'Needs sampling',
    run(call) {
      if (call.modern!.capabilities.sampling === undefined)
        throw new CallError(-32021, 'Sampling is required', { requiredCapabilities: { sampling: {} } })
      return text('The client can sample.')
    },
  },

  test_streaming_elicitation: {
    description: 'Asks after it has told its progress',
    async run(call) {
      await call.notify('notifications/progress', { progressToken: call.progressToken ?? 0, progress: 1 })
      return askAll(call, name)
    },
  },

  test_logging_tool: {
    description: 'Logs, if the request wants that',
    async run(call) {
      if (call.modern!.logLevel !== undefined)
        await call.notify('notifications/message', { level: 'info', data: 'logged' })
      return text('Done.')
    },
  },

  test_trigger_tool_change: {
    description: 'Says that the list of tools has changed',
    run(call) {
      call.modern!.changed('tools')
      return text('Told.')
    },
  },

  test_trigger_prompt_change: {
    description: 'Says that the list of prompts has changed',
    run(call) {
      call.modern!.changed('prompts')
      return text('Told.')
    },
  },

  test_custom_headers: {
    description: 'Takes arguments that come in headers too',
    inputSchema: schema({
      region: { type: 'string', 'x-mcp-header': 'Region' },
      priority: { type: 'integer', 'x-mcp-header': 'Priority' },
      query: { type: 'string' },
    }),
    run: (_, args) => text(args),
  },
}

/** The prompt that asks for input first. */
export async function promptWithInput(call: Call): Promise<Json> {
  const question = { user_context: elicitation('What context should the prompt use?', 'context') }
  const result = await askAll(call, question)
  if (result.resultType !== undefined) return result
  return { messages: [{ role: 'user', content: { type: 'text', text: JSON.stringify(result.content) } }] }
}
