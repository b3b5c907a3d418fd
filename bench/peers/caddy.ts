import { join } from 'node:path'
import { installed, installFolder, type Peer, type PeerSettings, versionOf } from './peer.ts'

/** Caddy with its own affinity by header. */
export const caddy: Peer = {
  id: 'caddy',
  plan: (settings) => {
    const program = installed(join(installFolder, 'venv/bin/caddy'))
    return {
      title: `Caddy ${versionOf([program, 'version'], /v([\d.]+)/)}`,
      command: [program, 'run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
      environment: { GOMAXPROCS: '1', XDG_CONFIG_HOME: settings.folder, XDG_DATA_HOME: settings.folder },
      files: { Caddyfile: caddyfile(settings) },
    }
  },
}

/** After Caddy's page "reverse_proxy (Caddyfile directive)". It adds the X-Forwarded fields by itself. */
function caddyfile({ port, replicaPorts }: PeerSettings): string {
  return `
{
	admin off
	persist_config off
	auto_https off
	log {
		level ERROR
	}
}
http://:${port} {
	bind 127.0.0.1
	reverse_proxy ${replicaPorts.map((each) => `127.0.0.1:${each}`).join(' ')} {
		lb_policy header X-Session
		transport http {
			# The default of 32 idle connections a replica is less than half of what 64 clients need.
			keepalive_idle_conns_per_host 256
			# Without this, the transport asks replicas for compressed answers that no client asked for.
			compression off
		}
	}
}
`
}
