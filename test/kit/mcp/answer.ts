import { type Call, CallError, type Json, type Tool } from './call.ts'
import { conformanceTools } from './conformance-tools.ts'
import { modernTools, promptWithInput } from './modern-tools.ts'
import { getPrompt, prompts, readResource, resources, resourceTemplates } from './resources-and-prompts.ts'
import { sessionTools } from './session-tools.ts'
import { taskTools } from './tasks.ts'

const legacyTools: Readonly<Record<string, Tool>> = { ...conformanceTools, ...sessionTools }
const allTools: Readonly<Record<string, Tool>> = { ...legacyTools, ...modernTools, ...taskTools }

const toolsOf = ({ modern }: Call) => (modern === undefined ? legacyTools : allTools)

const inputPrompt = 'test_input_required_result_prompt'

/** The capabilities of a fixture server. */
export const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
}

/** The answers of a fixture server by method, for both generations of the SDK. */
export const answers = {
  'tools/list': (call: Call) => ({
    tools: Object.entries(toolsOf(call)).map(([name, { description, inputSchema }]) => ({
      name,
      description,
      inputSchema: inputSchema ?? { type: 'object' },
    })),
  }),

  async 'tools/call'(call: Call, { name, arguments: args }: Json): Promise<Json> {
    const tool = toolsOf(call)[name]
    if (tool === undefined) throw new CallError(-32602, `Unknown tool: ${name}`)
    return tool.run(call, args ?? {})
  },

  'resources/list': () => ({ resources }),
  'resources/templates/list': () => ({ resourceTemplates }),

  'resources/read'({ modern }: Call, { uri }: Json): Json {
    const result = readResource(uri)
    // The revision of 2026-07-28 has given up the code of its own.
    if (result === undefined)
      throw new CallError(modern === undefined ? -32002 : -32602, 'Resource not found', { uri })
    return result
  },

  'resources/subscribe'({ state }: Call, { uri }: Json) {
    state.subscriptions.add(uri)
    return {}
  },

  'resources/unsubscribe'({ state }: Call, { uri }: Json) {
    state.subscriptions.delete(uri)
    return {}
  },

  'prompts/list': ({ modern }: Call) => ({
    prompts: modern === undefined ? prompts : [...prompts, { name: inputPrompt, description: 'Asks first' }],
  }),

  async 'prompts/get'(call: Call, { name, arguments: args }: Json): Promise<Json> {
    if (name === inputPrompt && call.modern !== undefined) return promptWithInput(call)
    const result = getPrompt(name, args)
    if (result === undefined) throw new CallError(-32602, `Unknown prompt: ${name}`)
    return result
  },

  'logging/setLevel'({ state }: Call, { level }: Json) {
    state.level = level
    return {}
  },

  'completion/complete': (_: Call, { argument }: Json) => ({
    completion: { values: [`${argument.value}is`, `${argument.value}ty`], total: 2, hasMore: false },
  }),
}

export type Method = keyof typeof answers
