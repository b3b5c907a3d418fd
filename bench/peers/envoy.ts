import { join } from 'node:path'
import { eachReplica, installed, type Peer, type PeerSettings, versionOf, wheelFolder } from './peer.ts'

/** After Envoy's FAQ "What are best practices for benchmarking Envoy?". */
export const envoy: Peer = {
  id: 'envoy',
  plan: (settings) => {
    const program = installed(join(wheelFolder, 'envoy/_bin/envoy'))
    return {
      title: `Envoy ${versionOf([program, '--version'], /\/([\d.]+)\//)}`,
      // The FAQ: as many workers as the other proxies have.
      command: [
        ...[program, '-c', 'envoy.yaml', '--concurrency', '1', '--disable-hot-restart', '-l', 'error'],
      ],
      files: { 'envoy.yaml': envoyYaml(settings) },
    }
  },
}

function envoyYaml({ port, replicaPorts }: PeerSettings): string {
  return `
static_resources:
  listeners:
    - name: clients
      address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: clients
                # This makes it add X-Forwarded-For and X-Forwarded-Proto.
                use_remote_address: true
                # The FAQ: off.
                generate_request_id: false
                stream_idle_timeout: 0s
                upgrade_configs: [{ upgrade_type: websocket }]
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                      # The FAQ: off.
                      dynamic_stats: false
                route_config:
                  request_headers_to_add:
                    - header: { key: x-forwarded-host, value: "%REQ(:AUTHORITY)%" }
                      append_action: OVERWRITE_IF_EXISTS_OR_ADD
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: { prefix: / }
                          route:
                            cluster: replicas
                            timeout: 0s
                            hash_policy: [{ header: { header_name: x-session } }]
  clusters:
    - name: replicas
      type: STATIC
      connect_timeout: 5s
      # A table look-up for each request, cheaper than the ring.
      lb_policy: MAGLEV
      # The FAQ: switch circuit breaking off, which limits connections and requests to 1,024.
      circuit_breakers:
        thresholds:
          - { priority: DEFAULT, max_connections: 1000000000, max_pending_requests: 1000000000, max_requests: 1000000000, max_retries: 1000000000 }
          - { priority: HIGH, max_connections: 1000000000, max_pending_requests: 1000000000, max_requests: 1000000000, max_retries: 1000000000 }
      load_assignment:
        cluster_name: replicas
        endpoints:
          - lb_endpoints:
${eachReplica(replicaPorts, (each) => `              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${each} } } }`)}
`
}
