/**
 * Measures what a session saves: questions about one large file with the file sent each time, against sent once.
 *
 *     npx node examples/media-chat/measure.ts [--megabytes 500] [--questions 10] [--rounds 3] [--folder PATH]
 *
 * The client is the AWS SDK in this process; the router and the container are processes of their own, on loopback.
 * The container does the same work on the same bytes either way. The file and the sessions lie in a new folder in
 * PATH, by default where SageMaker has its sessions; it takes twice the file's size and is deleted at the end.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readSettings } from '@limpet/replica'
import { machineLine, type Row, tableOf } from './measure-table.ts'
import { startMediaChat } from './media-chat.ts'
import { MediaClient } from './media-client.ts'
import { writeMediaFile } from './media-file.ts'
import {
  type QuestionsToTime,
  questionsOf,
  type Timed,
  timeSentEachTime,
  timeSentOnce,
} from './time-questions.ts'

const kinds = ['size', 'byte', 'checksum'] as const

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '500' },
    questions: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: dirname(readSettings().path) },
  },
})
const [megabytes, count, rounds] = (['megabytes', 'questions', 'rounds'] as const).map((name) => {
  const number = Number(values[name])
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`--${name} takes a whole number above 0, not "${values[name]}".`)
}) as [number, number, number]

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const folder = await mkdtemp(join(values.folder, 'media-measure-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'media.bin')
const bytes = megabytes * 1_000_000
await writeMediaFile(path, bytes)

console.log(`machine: ${machineLine()}`)
console.log(`command: npx node examples/media-chat/measure.ts ${process.argv.slice(2).join(' ')}`.trimEnd())
console.log(`${count} questions about ${megabytes} MB (${bytes} bytes), median of ${rounds} rounds\n`)
console.log(tableOf(await measure()))

async function measure(): Promise<Row[]> {
  await using chat = await startMediaChat({ folder, containers: 1, say: (line) => console.error(line) })
  using client = new MediaClient(chat.url)
  const rows = kinds.map((kind) => ({ kind, sentEachTime: [] as Timed[], sentOnce: [] as Timed[] }))
  // Before any is counted, so that none of them meets code that is still to be compiled.
  for (const kind of kinds) {
    await timeSentOnce({ client, path, questions: questionsOf(kind, 1, bytes) })
    await timeSentEachTime({ client, path, questions: questionsOf(kind, 1, bytes) })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { kind, sentEachTime, sentOnce } of rows) {
      const asked: QuestionsToTime = { client, path, questions: questionsOf(kind, count, bytes) }
      // The ways take turns at being first, so that a machine that slows down favours neither.
      if (round % 2 === 0) sentEachTime.push(await timeSentEachTime(asked))
      sentOnce.push(await timeSentOnce(asked))
      if (round % 2 === 1) sentEachTime.push(await timeSentEachTime(asked))
    }
  }
  return rows
}
