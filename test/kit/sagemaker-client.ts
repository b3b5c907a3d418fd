import {
  InvokeEndpointCommand,
  type InvokeEndpointCommandInput,
  InvokeEndpointWithResponseStreamCommand,
  type InvokeEndpointWithResponseStreamCommandInput,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime'

/** An answer to InvokeEndpoint, its body as text. */
export interface Invoked {
  readonly body: string
  readonly sessionId: string | undefined
  readonly newSession: string | undefined
  readonly closedSession: string | undefined
  readonly contentType: string | undefined
  readonly variant: string | undefined
  readonly customAttributes: string | undefined
}

/** AWS's own client, told nothing but the router's URL. It does not try again, so that what it is told is seen. */
export class SagemakerClient implements Disposable {
  readonly #client: SageMakerRuntimeClient
  readonly #endpoint: string

  constructor(
    url: string,
    endpoint: string,
    credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'k' },
  ) {
    this.#client = new SageMakerRuntimeClient({
      region: 'eu-central-1',
      endpoint: url,
      credentials,
      maxAttempts: 1,
    })
    this.#endpoint = endpoint
  }

  /** Resolves to the answer; rejects with the exception that the SDK raises. */
  async invoke(input: Partial<InvokeEndpointCommandInput> = {}): Promise<Invoked> {
    const output = await this.#client.send(
      new InvokeEndpointCommand({ EndpointName: this.#endpoint, Body: '{}', ...input }),
    )
    return {
      body: Buffer.from(output.Body ?? []).toString('utf8'),
      sessionId: output.NewSessionId?.split(';')[0],
      newSession: output.NewSessionId,
      closedSession: output.ClosedSessionId,
      contentType: output.ContentType,
      variant: output.InvokedProductionVariant,
      customAttributes: output.CustomAttributes,
    }
  }

  /** Begins a session and resolves to its id. */
  async begin(): Promise<string> {
    const { sessionId } = await this.invoke({
      SessionId: 'NEW_SESSION',
      ContentType: 'application/json',
      Body: JSON.stringify({ requestType: 'NEW_SESSION' }),
    })
    if (sessionId === undefined) throw new Error('The answer tells of no session.')
    return sessionId
  }

  /** The pieces of a streamed answer; throws in their midst what the SDK throws. */
  async *stream(input: Partial<InvokeEndpointWithResponseStreamCommandInput> = {}): AsyncGenerator<string> {
    const { Body = [], ContentType } = await this.#client.send(
      new InvokeEndpointWithResponseStreamCommand({ EndpointName: this.#endpoint, Body: '{}', ...input }),
    )
    this.streamedType = ContentType
    for await (const { PayloadPart } of Body)
      if (PayloadPart?.Bytes !== undefined) yield Buffer.from(PayloadPart.Bytes).toString('utf8')
  }

  /** The content type of the last stream. */
  streamedType: string | undefined;

  [Symbol.dispose](): void {
    this.#client.destroy()
  }
}
