import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { endProcess, startProcess, within } from '../../kit/process.ts'
import { repositoryRoot } from '../demo-process.ts'

/** A call's parameters besides EndpointName; the body is `{}` where there is none. */
export interface PythonCall {
  readonly Body?: string | Buffer
  readonly [parameter: string]: unknown
}

/** What boto3 returned or raised. */
export interface PythonOutcome {
  /** The class of `runtime.exceptions` that it was raised as, or that of botocore; undefined: nothing was. */
  readonly exception: string | undefined
  /** The exception's text. */
  readonly text: string
  /** What was returned, or what the exception holds. */
  readonly response: Readonly<Record<string, unknown>> & {
    readonly ResponseMetadata: { readonly HTTPStatusCode: number }
  }
  readonly body: Buffer
  /** The parts of a stream, up to an exception in it. */
  readonly parts: readonly Buffer[]
}

interface Outcome {
  readonly exception?: string
  readonly text?: string
  readonly response: PythonOutcome['response']
  readonly Body?: string
  readonly parts: readonly string[]
}

export const pythonScript = (name: string): string => join(repositoryRoot, 'test/e2e/python', name)

/** What boto3 needs to know of where it is; all from the environment, as it is deployed. */
export function awsEnvironment(url: string, secret = 'k'): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDMADEUP',
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    // So that what it is told is seen at once.
    AWS_MAX_ATTEMPTS: '1',
    // Its own connection, whatever this machine's network is.
    NO_PROXY: '*',
  }
}

/** boto3's client in a Python process of its own, which makes one call at a time. */
export class PythonClient implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #endpoint: string
  readonly #lines: Interface
  readonly #outcomes: AsyncIterator<string>
  #stderr = ''

  constructor(python: string, url: string, endpoint: string, secret?: string) {
    this.#child = startProcess(python, [pythonScript('with_boto3.py')], {
      env: awsEnvironment(url, secret),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#endpoint = endpoint
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.#lines = createInterface({ input: this.#child.stdout! })
    this.#outcomes = this.#lines[Symbol.asyncIterator]()
  }

  invoke(call: PythonCall = {}): Promise<PythonOutcome> {
    return this.#call(false, call)
  }

  stream(call: PythonCall = {}): Promise<PythonOutcome> {
    return this.#call(true, call)
  }

  /** Begins a session and resolves to its id. */
  async begin(): Promise<string> {
    const { response, text } = await this.invoke({
      SessionId: 'NEW_SESSION',
      Body: '{"requestType":"NEW_SESSION"}',
    })
    const { NewSessionId } = response
    if (typeof NewSessionId !== 'string') throw new Error(`No session was begun. ${text}`)
    return NewSessionId.split(';')[0]!
  }

  async #call(stream: boolean, { Body = '{}', ...parameters }: PythonCall): Promise<PythonOutcome> {
    const call = { EndpointName: this.#endpoint, ...parameters, stream }
    this.#child.stdin!.write(
      `${JSON.stringify({ ...call, Body: Buffer.from(Body as string).toString('base64') })}\n`,
    )
    const { value } = await within(30_000, 'the call by boto3', this.#outcomes.next())
    if (value === undefined) throw new Error(`Python ended: ${this.#stderr}`)
    const { exception, text = '', response, Body: body = '', parts }: Outcome = JSON.parse(value)
    const bytes = (coded: string): Buffer => Buffer.from(coded, 'base64')
    return { exception, text, response, body: bytes(body), parts: parts.map(bytes) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close()
    await endProcess(this.#child)
  }
}
