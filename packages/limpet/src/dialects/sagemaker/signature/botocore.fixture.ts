/**
 * Requests that botocore 1.43.11 (Python 3.11) sent to a local server, recorded as they stood on the wire, without
 * the fields that it does not sign. The credentials are made up. They have no X-Amz-Content-Sha256.
 */
export const botocoreRequests: readonly {
  readonly name: string
  readonly target: string
  /** Between Host and X-Amz-Date, which all have. */
  readonly fields: readonly string[]
  readonly body: Buffer
  readonly signedHeaders: string
  readonly signature: string
}[] = [
  {
    name: 'JSON with a session',
    target: '/endpoints/chat/invocations',
    fields: ['Content-Type: application/json', 'X-Amzn-SageMaker-Session-Id: NEW_SESSION'],
    body: Buffer.from('{"requestType":"NEW_SESSION"}'),
    signedHeaders: 'content-type;host;x-amz-date;x-amzn-sagemaker-session-id',
    signature: 'bab537c8a5963092b259192555eebd61eb1bd6bf3bdaed665dc8d2cadaea196e',
  },
  {
    name: 'bytes that are no text',
    target: '/endpoints/chat/invocations',
    fields: ['Accept: */*', 'Content-Type: image/png', 'X-Amzn-SageMaker-Session-Id: a-1'],
    body: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    signedHeaders: 'accept;content-type;host;x-amz-date;x-amzn-sagemaker-session-id',
    signature: '6a2f23ebf068a44853cc1a714ddb549ab5465a09a55639b84a043eddac214bce',
  },
  {
    name: 'no content',
    target: '/endpoints/chat/invocations',
    fields: [],
    body: Buffer.from(''),
    signedHeaders: 'host;x-amz-date',
    signature: '5e22cbd4379ab79d438b8b5364ae667ee04efaef5c6a65b29b5702a41ad82e84',
  },
  {
    name: 'a name with unusual characters',
    target: '/endpoints/my%20chat%2Bv2~%28x%29%2A%2F%C3%A9%2541/invocations',
    fields: [],
    body: Buffer.from('a,b\n'),
    signedHeaders: 'host;x-amz-date',
    signature: '000150a4f6bc8ab4a5c3bafb3362438a55f07a353a74821e880b1f5bd040c1af',
  },
  {
    name: 'space within a field',
    target: '/endpoints/chat/invocations',
    fields: ['X-Amzn-SageMaker-Custom-Attributes: a   b, c'],
    body: Buffer.from('a'),
    signedHeaders: 'host;x-amz-date;x-amzn-sagemaker-custom-attributes',
    signature: '8a998772e9a56baee2ec577bda8b9ae8faddf1cfa53051580a51e5f1692bd558',
  },
  {
    name: 'the call with a streamed response',
    target: '/endpoints/chat/invocations-response-stream',
    fields: ['Content-Type: application/json', 'X-Amzn-SageMaker-Session-Id: a-1'],
    body: Buffer.from('{}'),
    signedHeaders: 'content-type;host;x-amz-date;x-amzn-sagemaker-session-id',
    signature: '17b7baf162a44a97ca68b2a3b0e7f7f7cc439374d94185c1b05092513b1e0302',
  },
  {
    name: 'a session token',
    target: '/endpoints/chat/invocations',
    fields: ['X-Amz-Security-Token: a/session+token=='],
    body: Buffer.from('{}'),
    signedHeaders: 'host;x-amz-date;x-amz-security-token',
    signature: '891b4d557af2bb81bb8e12d8c9b7f4cb98a9811221aa22f87ae98c225cf5fe17',
  },
]

/** A head of lines, as it was sent. */
export function botocoreHead(request: (typeof botocoreRequests)[number]): string {
  const { target, fields, signedHeaders, signature } = request
  const credential = 'AKIDLIMPETTEST/20260102/eu-west-1/sagemaker/aws4_request'
  return [
    `POST ${target} HTTP/1.1`,
    'Host: localhost:42139',
    ...fields,
    'X-Amz-Date: 20260102T030405Z',
    `Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  ].join('\r\n')
}
