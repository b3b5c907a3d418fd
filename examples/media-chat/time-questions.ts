import type { MediaClient } from './media-client.ts'
import type { Question } from './question.ts'

/** What one way of asking took, in milliseconds. */
export interface Timed {
  readonly totalMs: number
  /** The part of it that went for sending the file before any question; 0 where it goes with each. */
  readonly uploadMs: number
}

export interface QuestionsToTime {
  readonly client: MediaClient
  readonly path: string
  readonly questions: readonly Question[]
}

/** Asks one question after the other, with the file sent along each time. */
export async function timeSentEachTime({ client, path, questions }: QuestionsToTime): Promise<Timed> {
  const startMs = performance.now()
  for (const question of questions) await client.askWith(path, question)
  return { totalMs: performance.now() - startMs, uploadMs: 0 }
}

/** Sends the file once, in a session, and asks there. The session is closed when the time has been taken. */
export async function timeSentOnce({ client, path, questions }: QuestionsToTime): Promise<Timed> {
  const startMs = performance.now()
  const { session } = await client.upload(path)
  const uploadedMs = performance.now()
  for (const question of questions) await client.ask(session, question)
  const endMs = performance.now()
  await client.close(session)
  return { totalMs: endMs - startMs, uploadMs: uploadedMs - startMs }
}

/** As many questions of one kind; those of a byte go evenly over all of the media. */
export function questionsOf(kind: Question['question'], count: number, bytes: number): Question[] {
  return Array.from({ length: count }, (_, i) =>
    kind === 'byte'
      ? { question: kind, offset: Math.floor(((i + 0.5) * bytes) / count) }
      : { question: kind },
  )
}
