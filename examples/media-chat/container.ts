/**
 * One media container as a process of its own:
 *
 *     SAGEMAKER_ENABLE_STATEFUL_SESSIONS=true node examples/media-chat/container.ts --name otter [--port PORT]
 *
 * It listens on 127.0.0.1, by default on a port that the system chooses. A parent process hears of it in a message
 * `{ port }`; run by hand, it prints a line. SIGTERM stops it after the requests in flight; it ends at once when its
 * parent is gone.
 */
import { parseArgs } from 'node:util'
import { createMediaContainer } from './media-container.ts'

const { values } = parseArgs({
  options: { name: { type: 'string', default: 'otter' }, port: { type: 'string', default: '0' } },
})

const container = await createMediaContainer({ name: values.name })
const { port } = await container.listen({ port: Number(values.port), host: '127.0.0.1' })
process.once('disconnect', () => process.exit(0))
if (process.send) process.send({ port })
else process.stdout.write(`container ${values.name} listens on http://127.0.0.1:${port}\n`)
