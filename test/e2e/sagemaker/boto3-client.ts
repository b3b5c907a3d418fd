import { type ChildProcess, execFile } from 'node:child_process'
import { on } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { endProcess, startProcess, within } from '../../kit/process.ts'
import { repositoryRoot } from '../demo-process.ts'

const scripts = join(repositoryRoot, 'test/e2e/python')

/** With whom and with what boto3 is to speak; all of it goes into the environment of an unchanged program. */
export interface Boto3Options {
  readonly python: string
  /** The router's URL. */
  readonly url: string
  readonly secret?: string
  /** The token of temporary credentials. */
  readonly token?: string
}

/** A call's parameters other than the endpoint and the body, by their names in boto3. */
export interface CallInput {
  readonly EndpointName?: string
  readonly SessionId?: string
  readonly [parameter: string]: string | undefined
}

/** An answer of boto3, its body as bytes. */
export interface CallAnswer {
  readonly body: Buffer
  readonly members: Readonly<Record<string, unknown>>
}

/** What boto3 raised. `raised` is the exception class that caught it, and the rest is its `response`. */
export class Boto3Error extends Error {
  override readonly name = 'Boto3Error'
  readonly raised: string
  readonly response: Readonly<Record<string, unknown>>

  constructor({ raised, message, ...response }: { raised: string; message: string }) {
    super(message)
    this.raised = raised
    this.response = response
  }
}

interface Line {
  readonly part?: string
  readonly done?: Readonly<Record<string, unknown>>
  readonly error?: { readonly raised: string; readonly message: string }
}

/** Runs a script of `test/e2e/python` to its end and resolves to the lines that it prints. */
export async function runBoto3(script: string, options: Boto3Options): Promise<string[]> {
  const { stdout } = await promisify(execFile)(options.python, [join(scripts, script)], {
    env: environmentOf(options),
  })
  return stdout.trimEnd().split('\n')
}

/** A Python process that makes calls with boto3, one after the other. boto3 does not try again. */
export class Boto3Client implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<[string]>
  #stderr = ''

  constructor(options: Boto3Options) {
    this.#child = startProcess(options.python, [join(scripts, 'sagemaker_calls.py')], {
      env: environmentOf(options),
    })
    const lines = createInterface({ input: this.#child.stdout! })
    this.#lines = on(lines, 'line', { close: ['close'] }) as AsyncIterator<[string]>
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
  }

  /** `invoke_endpoint`. Rejects with what it raises, a Boto3Error. */
  async invoke(input: CallInput = {}, body: string | Buffer = '{}'): Promise<CallAnswer> {
    this.#send(false, input, body)
    const { Body, ...members } = (await this.#next()).done!
    return { body: Buffer.from(Body as string, 'base64'), members }
  }

  /** Begins a session and resolves to its id. */
  async begin(input: CallInput = {}): Promise<string> {
    const { members } = await this.invoke(
      { ...input, SessionId: 'NEW_SESSION' },
      '{"requestType": "NEW_SESSION"}',
    )
    return String(members.NewSessionId).split(';')[0]!
  }

  /** `invoke_endpoint_with_response_stream`: its parts when they come; throws in their midst what boto3 raises. */
  async *stream(input: CallInput = {}, body: string | Buffer = '{}'): AsyncGenerator<Buffer> {
    this.#send(true, input, body)
    for (let line = await this.#next(); line.part !== undefined; line = await this.#next())
      yield Buffer.from(line.part, 'base64')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#child)
  }

  #send(stream: boolean, input: CallInput, body: string | Buffer): void {
    const parameters = { EndpointName: 'my-endpoint', ...input }
    const base64 = Buffer.from(body as string).toString('base64')
    this.#child.stdin!.write(`${JSON.stringify({ stream, input: parameters, body: base64 })}\n`)
  }

  async #next(): Promise<Line> {
    const { value, done } = await within(15_000, 'boto3 says what came of a call', this.#lines.next())
    if (done) throw new Error(`The Python process ended. ${this.#stderr}`)
    const line: Line = JSON.parse(value[0])
    if (line.error !== undefined) throw new Boto3Error(line.error)
    return line
  }
}

function environmentOf({ url, secret = 'no+real/secret', token }: Boto3Options): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    // No settings of whoever runs the tests.
    AWS_PROFILE: undefined,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDMADEUP',
    AWS_SECRET_ACCESS_KEY: secret,
    ...(token !== undefined && { AWS_SESSION_TOKEN: token }),
    AWS_RETRY_MODE: 'standard',
    AWS_MAX_ATTEMPTS: '1',
    NO_PROXY: '127.0.0.1',
  }
}
