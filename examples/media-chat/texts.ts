import type { MediaChat } from './media-chat.ts'

/** What `main.ts --help` prints. */
export const usage = `Usage: npx node examples/media-chat/main.ts [OPTIONS]

Starts media containers, each a process of its own, and "limpet serve --dialect sagemaker" in front of them.

  --listen HOST:PORT   where the router listens (127.0.0.1:8080)
  --admin HOST:PORT    where metrics and the admin API are (127.0.0.1:8081)
  --containers N       how many containers, 1 to 8 (4)
  --folder PATH        where a folder for the media is made (/dev/shm, or that of temporary files)
  --on-lost ACTION     rehome: sessions of a container that died go on elsewhere; reject: they are refused (rehome)
  --help               this text`

/** What `ask.ts --help` prints. */
export const askUsage = `Usage: npx node examples/media-chat/ask.ts [OPTIONS] FILE QUESTION...
       npx node examples/media-chat/ask.ts [OPTIONS] --session ID QUESTION...

Sends FILE once and asks about it in a session, or goes on with a session.

Questions:
  size                      how many bytes it has
  byte:OFFSET               the byte there
  checksum[:OFFSET[:LENGTH]]  the SHA-256 of it, or of a part

  --url URL      the router (http://127.0.0.1:8080)
  --session ID   a session that has its file
  --each-time    no session: send FILE along with every question
  --close        end the session after the last question
  --help         this text`

/** What is printed when everything is up. */
export function banner({ url, adminUrl, containers }: MediaChat): string {
  const processes = containers.map(({ name, pid }) => `${name} (process ${pid})`)
  return `The media chat is up.

  endpoint    ${url}  (EndpointName media-chat)
  admin       ${adminUrl}  (metrics at /metrics)
  containers  ${processes.join(', ')}

Send a file once and ask about it:

  npx node examples/media-chat/ask.ts --url ${url} FILE size byte:1000 checksum

With Python:

  runtime = boto3.client('sagemaker-runtime', region_name='us-east-1', endpoint_url='${url}',
                         aws_access_key_id='unused', aws_secret_access_key='unused')
  kept = runtime.invoke_endpoint(EndpointName='media-chat', SessionId='NEW_SESSION',
                                 ContentType='video/mp4', Body=open('FILE', 'rb'))
  session = kept['NewSessionId'].split(';')[0]
  answer = runtime.invoke_endpoint(EndpointName='media-chat', SessionId=session,
                                   ContentType='application/json', Body='{"question": "checksum"}')
  print(answer['Body'].read())

With JavaScript (@aws-sdk/client-sagemaker-runtime):

  const runtime = new SageMakerRuntimeClient({ endpoint: '${url}', region: 'us-east-1',
    credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' } })
  const kept = await runtime.send(new InvokeEndpointCommand({ EndpointName: 'media-chat',
    SessionId: 'NEW_SESSION', ContentType: 'video/mp4', Body: createReadStream('FILE') }))

Every answer names its container. Kill that process (kill -9), ask on in the session, and see who answers.

Stop with Ctrl-C.`
}
