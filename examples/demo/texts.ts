/** What `npm start -- --help` prints. */
export const usage = (mostReplicas: number): string => `Usage: npm start -- [OPTIONS]

Starts demo replicas, each a process of its own, and the router in front of them.

  --listen HOST:PORT   where the router listens (127.0.0.1:8080)
  --admin HOST:PORT    where metrics and the admin API are (127.0.0.1:8081)
  --replicas N         how many replicas to begin with, 1 to ${mostReplicas} (3)
  --store URL          redis://HOST:PORT, for the replicas' channel and the router's pins; by default the router
                       keeps both in its own memory
  --help               this text`

/** What the demo prints when everything is up. */
export function banner(demo: {
  url: string
  adminUrl: string | undefined
  names: readonly string[]
}): string {
  const lines = [
    "Limpet's demo is up.",
    '',
    `  router    ${demo.url}`,
    ...(demo.adminUrl ? [`  admin     ${demo.adminUrl}  (metrics at /metrics)`] : []),
    `  replicas  ${demo.names.join(', ')}`,
    '',
    `Open ${demo.url}/ in a browser: a page with a WebSocket shows where its requests go.`,
    '',
    'Or send this a few times:',
    '',
    `  ${curlLine(demo.url)}`,
    '',
    'x-demo-replica says who answered, limpet-decision why: "new" once, then "hit". It is the same replica each',
    'time, and its turn count goes up. Change the session id, and another replica may answer. Leave the header',
    'out, and each request may go to another one.',
    '',
    'Stop with Ctrl-C.',
  ]
  return lines.join('\n')
}

/** A shell command that sends one chat turn in a session and shows the answer's headers. */
function curlLine(url: string): string {
  return [
    `curl -i ${url}/v1/chat/completions`,
    "-H 'content-type: application/json'",
    "-H 'x-truefoundry-sticky-session-id: my-conversation'",
    `-d '{"messages": [{"role": "user", "content": "Hi"}]}'`,
  ].join(' \\\n    ')
}
