/** Sends a file to the media chat and asks about it; see `--help`. */
import { parseArgs } from 'node:util'
import { MediaClient } from './media-client.ts'
import type { Question } from './question.ts'
import { askUsage } from './texts.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    session: { type: 'string' },
    'each-time': { type: 'boolean', default: false },
    close: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

try {
  await run()
} catch (error) {
  const { name, message } = error as Error
  console.error(`${name}: ${message}`)
  process.exitCode = 1
}

async function run(): Promise<void> {
  const texts = [...positionals]
  const file = values.session === undefined ? texts.shift() : undefined
  if (values.help || (file === undefined && values.session === undefined)) return console.log(askUsage)
  const questions = texts.map(questionOf)
  using client = new MediaClient(values.url)
  if (file !== undefined && values['each-time']) {
    for (const question of questions) await show(question, () => client.askWith(file, question))
    return
  }
  const session = values.session ?? (await upload(client, file!))
  for (const question of questions) await show(question, () => client.ask(session, question))
  if (values.close) await client.close(session)
  else console.log(`ask more with: --session ${session}`)
}

async function upload(client: MediaClient, file: string): Promise<string> {
  const startMs = performance.now()
  const { session, ...kept } = await client.upload(file)
  print(`sent ${file}`, kept, startMs)
  return session
}

async function show(question: Question, ask: () => Promise<object>): Promise<void> {
  const startMs = performance.now()
  print(JSON.stringify(question), await ask(), startMs)
}

function print(what: string, answer: object, startMs: number): void {
  console.log(`${what}  ${JSON.stringify(answer)}  ${(performance.now() - startMs).toFixed(0)} ms`)
}

/** `checksum:0:1000` and the like. What is wrong with its numbers the container tells. */
function questionOf(text: string): Question {
  const [question, offset, length] = text.split(':')
  return {
    question,
    ...(offset !== undefined && { offset: Number(offset) }),
    ...(length !== undefined && { length: Number(length) }),
  } as Question
}
