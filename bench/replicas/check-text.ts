/** What `/check` answers: which replica got the request, and the forwarding fields that it carried. */
export function checkText(head: string, port: number, requests: number): string {
  const field = (name: string) => new RegExp(`^${name}: *(.*?) *$`, 'im').exec(head)?.[1] ?? ''
  return [
    `replica=${port}`,
    `for=${field('x-forwarded-for')}`,
    `proto=${field('x-forwarded-proto')}`,
    `host=${field('x-forwarded-host')}`,
    `requests=${requests}`,
    '',
  ].join('\n')
}
