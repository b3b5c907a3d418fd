/** What `main.ts --help` prints. */
export const usage = (mostReplicas: number): string => `Usage: npx node examples/echo/main.ts [OPTIONS]

Starts replicas of a page that shows where its HTTP requests and its WebSocket land, and the router before them.

  --mode MODE          replicas: replicas of their own, with controls in the page; workers: the processes of one
                       program, by limpet workers (replicas)
  --replicas N         how many, 1 to ${mostReplicas} (3; 4 workers)
  --listen HOST:PORT   where the router listens (127.0.0.1:8080)
  --admin HOST:PORT    where metrics and the admin API are (127.0.0.1:8081)
  --store URL          redis://HOST:PORT, for the replicas' channel and the router's pins; by default the router
                       keeps both in its own memory
  --help               this text`

/** What is printed when the replicas are up. */
export function banner(demo: { url: string; adminUrl: string; names: readonly string[] }): string {
  return `The echo demo is up.

  router    ${demo.url}
  admin     ${demo.adminUrl}  (metrics at /metrics)
  replicas  ${demo.names.join(', ')}

Open ${demo.url}/ in a browser, and press its buttons.

Stop with Ctrl-C.`
}
