import { eachReplica, installed } from '../peers/peer.ts'
import { type PlanReplicas, transferBytes } from './replica.ts'

/**
 * nginx with fixed answers: about the cheapest HTTP server there is. `/check` says what the request looked like
 * when it arrived, for `verify.ts`.
 */
export const nginxReplicas: PlanReplicas = (folder, ports) => ({
  command: [
    installed('/usr/sbin/nginx', 'install nginx'),
    '-p',
    folder,
    '-e',
    'error.log',
    '-c',
    'nginx.conf',
  ],
  files: { 'nginx.conf': replicaConf(ports), '16k': 'x'.repeat(16_384), post: 'unread' },
  sparseFiles: { download: transferBytes },
})

const check = [
  'replica=$server_port',
  'for=$http_x_forwarded_for',
  'proto=$http_x_forwarded_proto',
  'host=$http_x_forwarded_host',
  'requests=$connection_requests',
].join('\\n')

const smallAnswer = '{"id":"0123456789abcdef","object":"answer","choices":[{"index":0,"text":"forty-two"}]}'

function replicaConf(ports: readonly number[]): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log crit;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http {
  access_log off;
  tcp_nodelay on;
  sendfile on;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  # 4 KB bodies stay in memory.
  client_body_buffer_size 16k;
  client_body_temp_path client_temp;
  open_file_cache max=16 inactive=1h;
  open_file_cache_valid 1h;
  default_type text/plain;
  server {
${eachReplica(ports, (port) => `    listen 127.0.0.1:${port} backlog=4096;`)}
    location = /check { return 200 "${check}\\n"; }
    location = /small {
      default_type application/json;
      add_header Cache-Control no-store;
      return 200 '${smallAnswer}';
    }
    # The file of that name, through sendfile.
    location = /16k { root .; }
    location = /download { root .; }
    # "return" alone would answer before the body has arrived. The mirror module makes nginx read the body first;
    # then the file of that name refuses POST, and the answer takes the place of that refusal.
    location = /post {
      root .;
      mirror /mirrored;
      error_page 405 =200 /posted;
    }
    location = /mirrored { internal; return 204; }
    location = /posted { internal; return 200 '${smallAnswer}'; }
  }
}
`
}
