import { spawnSync } from 'node:child_process'
import { freePort, PeerMissing, type StartPeer, startPeer } from './peer.ts'

const program = '/usr/sbin/nginx'

/** nginx as an operator would set it up for streams and sessions. Its open version has no sticky cookie. */
export const startNginx: StartPeer = async (replicaPorts) => {
  const { stderr, status } = spawnSync(program, ['-v'], { encoding: 'utf8' })
  if (status !== 0) throw new PeerMissing(`nginx is not installed at ${program}.`)
  const port = await freePort()
  return startPeer({
    title: `nginx ${/nginx\/([\d.]+)/.exec(stderr)?.[1] ?? ''}`.trim(),
    port,
    settings: {
      headTimeoutMs: 2000,
      bodyTimeoutMs: 2000,
      bodyRateGraceMs: 4000,
      writeStallMs: 2000,
      responseTimeoutMs: 2000,
    },
    config: { name: 'nginx.conf', text: (folder) => nginxConfig(folder, port, replicaPorts) },
    command: (folder, file) => [
      program,
      '-p',
      folder,
      '-c',
      file,
      '-e',
      `${folder}/error.log`,
      '-g',
      'daemon off;',
    ],
  })
}

function nginxConfig(folder: string, port: number, replicaPorts: readonly number[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join('\n')
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
${temporary}
  client_header_timeout 2s;
  client_body_timeout 2s;
  send_timeout 2s;
  client_max_body_size 0;

  map "$http_upgrade $http_connection" $upgrade {
    "~*^websocket .*upgrade" websocket;
    default "";
  }
  map $upgrade $connection_option {
    websocket upgrade;
    default "";
  }
  map $request $forwarded_host {
    "~*^[A-Z]+ [a-z]+://" $host;
    default $http_host;
  }
  upstream replicas {
    hash $http_x_session consistent;
${replicaPorts.map((each) => `    server 127.0.0.1:${each} max_fails=0;`).join('\n')}
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Host $forwarded_host;
      proxy_set_header Upgrade $upgrade;
      proxy_set_header Connection $connection_option;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header Forwarded "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_connect_timeout 2s;
      proxy_read_timeout 2s;
    }
  }
}
`
}
