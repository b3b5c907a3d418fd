import type { Json } from './call.ts'
import { png } from './conformance-tools.ts'
import { touchedUri } from './session-tools.ts'

interface Content {
  readonly mimeType: string
  readonly text?: string
  readonly blob?: string
}

const contents: Readonly<Record<string, Content>> = {
  'test://static-text': {
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  },
  'test://static-binary': { mimeType: 'image/png', blob: png },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched.' },
  [touchedUri]: { mimeType: 'text/plain', text: 'Touched.' },
}

export const resources = Object.entries(contents).map(([uri, { mimeType }]) => ({
  uri,
  name: uri.slice('test://'.length),
  mimeType,
}))

export const resourceTemplates = [
  { uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' },
]

/** Undefined where there is no such resource. */
export function readResource(uri: string): Json | undefined {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
  if (id !== undefined) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
    return { contents: [{ uri, mimeType: 'application/json', text: data }] }
  }
  const content = contents[uri]
  return content && { contents: [{ uri, ...content }] }
}

const user = (content: Json) => ({ role: 'user', content })
const say = (words: string) => user({ type: 'text', text: words })

interface Prompt {
  readonly arguments?: readonly string[]
  messages(args: Readonly<Record<string, string>>): Json[]
}

const promptsByName: Readonly<Record<string, Prompt>> = {
  test_simple_prompt: { messages: () => [say('This is a simple prompt for testing.')] },
  test_prompt_with_arguments: {
    arguments: ['arg1', 'arg2'],
    messages: ({ arg1, arg2 }) => [say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  },
  test_prompt_with_embedded_resource: {
    arguments: ['resourceUri'],
    messages: ({ resourceUri }) => [
      user({ type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded.' } }),
      say('Please process the embedded resource above.'),
    ],
  },
  test_prompt_with_image: {
    messages: () => [
      user({ type: 'image', data: png, mimeType: 'image/png' }),
      say('Please analyze the image above.'),
    ],
  },
}

export const prompts = Object.entries(promptsByName).map(([name, prompt]) => ({
  name,
  description: name.replaceAll('_', ' '),
  ...(prompt.arguments && {
    arguments: prompt.arguments.map((argument) => ({ name: argument, required: true })),
  }),
}))

/** Undefined where there is no such prompt. */
export function getPrompt(name: string, args: Readonly<Record<string, string>> = {}): Json | undefined {
  const prompt = promptsByName[name]
  return prompt && { messages: prompt.messages(args) }
}
