import { setTimeout as delay } from 'node:timers/promises'
import { type Call, schema, type Tool, text } from './call.ts'
import { tellProgress } from './session-tools.ts'

/** A PNG of one pixel and a WAV of no samples. */
export const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA='

const embedded = (uri: string, mimeType: string, content: string) => ({
  type: 'resource',
  resource: { uri, mimeType, text: content },
})

async function ask(call: Call, method: string, params: Record<string, unknown>) {
  if (call.ask === undefined) return { ...text('There are no requests to clients here.'), isError: true }
  try {
    return text(`The client answered: ${JSON.stringify(await call.ask(method, params))}`)
  } catch (error) {
    return { ...text(`The client did not answer: ${(error as Error).message}`), isError: true }
  }
}

const titled = (names: readonly string[], titles: readonly string[]) =>
  names.map((name, index) => ({ const: name, title: titles[index] }))

/** The tools that `@modelcontextprotocol/conformance` asks of a server, by the names that it gives them. */
export const conformanceTools: Readonly<Record<string, Tool>> = {
  test_simple_text: {
    description: 'Text',
    run: () => text('This is a simple text response for testing.'),
  },

  test_image_content: {
    description: 'An image',
    run: () => ({ content: [{ type: 'image', data: png, mimeType: 'image/png' }] }),
  },

  test_audio_content: {
    description: 'A sound',
    run: () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] }),
  },

  test_embedded_resource: {
    description: 'A resource inside the answer',
    run: () => ({
      content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
    }),
  },

  test_multiple_content_types: {
    description: 'Text, an image and a resource',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: png, mimeType: 'image/png' },
        embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
  },

  test_tool_with_logging: {
    description: 'Logs three times on the way',
    async run(call) {
      for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await call.notify('notifications/message', { level: 'info', data })
        await delay(20)
      }
      return text('Logged three times.')
    },
  },

  test_tool_with_progress: {
    description: 'Tells its progress three times',
    async run(call) {
      for (const progress of [0, 50, 100]) {
        await tellProgress(call, progress, 100)
        await delay(20)
      }
      return text('Done.')
    },
  },

  test_error_handling: {
    description: 'Fails',
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },

  test_reconnection: {
    description: 'Ends its stream, then answers to who comes back',
    async run(call) {
      call.closeStream?.()
      await delay(100)
      return text('The stream was ended, and this came on the next.')
    },
  },

  test_sampling: {
    description: "Asks the client's model",
    inputSchema: schema({ prompt: { type: 'string' } }, ['prompt']),
    run: (call, { prompt }) =>
      ask(call, 'sampling/createMessage', {
        messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
        maxTokens: 100,
      }),
  },

  test_elicitation: {
    description: 'Asks the user',
    inputSchema: schema({ message: { type: 'string' } }, ['message']),
    run: (call, { message }) =>
      ask(call, 'elicitation/create', {
        message,
        requestedSchema: schema(
          { username: { type: 'string', description: 'Name' }, email: { type: 'string' } },
          ['username', 'email'],
        ),
      }),
  },

  test_elicitation_sep1034_defaults: {
    description: 'Asks the user, with defaults',
    run: (call) =>
      ask(call, 'elicitation/create', {
        message: 'Please look through the defaults.',
        requestedSchema: schema({
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        }),
      }),
  },

  test_elicitation_sep1330_enums: {
    description: 'Asks the user, with all kinds of choices',
    run: (call) =>
      ask(call, 'elicitation/create', {
        message: 'Please choose.',
        requestedSchema: schema({
          untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
          titledSingle: {
            type: 'string',
            oneOf: titled(['value1', 'value2', 'value3'], ['First Option', 'Second Option', 'Third Option']),
          },
          legacyEnum: {
            type: 'string',
            enum: ['opt1', 'opt2', 'opt3'],
            enumNames: ['Option One', 'Option Two', 'Option Three'],
          },
          untitledMulti: {
            type: 'array',
            items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
          },
          titledMulti: {
            type: 'array',
            items: {
              anyOf: titled(
                ['value1', 'value2', 'value3'],
                ['First Choice', 'Second Choice', 'Third Choice'],
              ),
            },
          },
        }),
      }),
  },

  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: (_, args) => text(args),
  },
}
