import { createReadStream } from 'node:fs'
import {
  InvokeEndpointCommand,
  type InvokeEndpointCommandInput,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime'
import type { Answer } from './answer-question.ts'
import type { Question } from './question.ts'

/** What a container answers, and which one it was. */
export type Replied<T> = T & { readonly replica: string }

/** The client side, by the AWS SDK: nothing but the endpoint's URL is Limpet's. */
export class MediaClient implements Disposable {
  readonly #runtime: SageMakerRuntimeClient

  constructor(url: string) {
    this.#runtime = new SageMakerRuntimeClient({
      endpoint: url,
      region: 'us-east-1',
      // The router doesn't look at them unless it is told to verify signatures.
      credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' },
      maxAttempts: 1,
    })
  }

  /** Sends a file once, which begins a session, and resolves to its id. */
  async upload(path: string): Promise<Replied<{ session: string; bytes: number; sha256: string }>> {
    const { reply, newSession } = await this.#invoke<{ bytes: number; sha256: string }>({
      SessionId: 'NEW_SESSION',
      ContentType: 'application/octet-stream',
      Body: createReadStream(path),
    })
    if (newSession === undefined) throw new Error('The answer tells of no session.')
    return { ...reply, session: newSession.split(';')[0]! }
  }

  /** Asks about what was sent before in this session. */
  async ask(session: string, question: Question): Promise<Replied<Answer>> {
    const { reply } = await this.#invoke<Answer>({
      SessionId: session,
      ContentType: 'application/json',
      Body: JSON.stringify(question),
    })
    return reply
  }

  /** Asks without a session: the file goes with the question. */
  async askWith(path: string, question: Question): Promise<Replied<Answer>> {
    const { reply } = await this.#invoke<Answer>({
      CustomAttributes: JSON.stringify(question),
      ContentType: 'application/octet-stream',
      Body: createReadStream(path),
    })
    return reply
  }

  /** Ends a session; its media is deleted. */
  async close(session: string): Promise<void> {
    await this.#send({
      SessionId: session,
      ContentType: 'application/json',
      Body: JSON.stringify({ requestType: 'CLOSE' }),
    })
  }

  [Symbol.dispose](): void {
    this.#runtime.destroy()
  }

  async #invoke<T>(
    input: Omit<InvokeEndpointCommandInput, 'EndpointName'>,
  ): Promise<{ reply: Replied<T>; newSession: string | undefined }> {
    const { Body, NewSessionId } = await this.#send(input)
    return { reply: JSON.parse(Body?.transformToString() ?? ''), newSession: NewSessionId }
  }

  #send(input: Omit<InvokeEndpointCommandInput, 'EndpointName'>) {
    return this.#runtime.send(new InvokeEndpointCommand({ EndpointName: 'media-chat', ...input }))
  }
}
