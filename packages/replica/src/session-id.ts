const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether `text` is an id as this library and the AWS one make them: a version 4 UUID in lower case (RFC 9562, 5.4). */
export function isSessionId(text: string): boolean {
  return uuid4.test(text)
}
