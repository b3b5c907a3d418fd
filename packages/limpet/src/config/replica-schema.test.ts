import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from './load.ts'
import { maxSocketPathBytes } from './replica-schema.ts'

const faults: [description: string, replica: string, message: string][] = [
  [
    'no URL',
    '10.0.0.5:8000',
    '4:9: services[0].replicas[0] must be http://HOST:PORT, https://HOST:PORT or unix:PATH, not "10.0.0.5:8000"',
  ],
  [
    'another scheme',
    'ftp://a',
    '4:9: services[0].replicas[0] must be http://HOST:PORT, https://HOST:PORT or unix:PATH, not "ftp://a"',
  ],
  [
    'a path',
    'http://a:1/v1',
    '4:9: services[0].replicas[0] must end after the port: a replica has no path or query',
  ],
  [
    'a query',
    'http://a:1/?q',
    '4:9: services[0].replicas[0] must end after the port: a replica has no path or query',
  ],
  [
    'a socket without a path',
    '"unix:"',
    '4:9: services[0].replicas[0] must name a socket: unix:PATH, such as unix:/run/app/1.sock',
  ],
  [
    'a folder for a socket',
    'unix:/run/app/',
    '4:9: services[0].replicas[0] must name a socket: unix:PATH, such as unix:/run/app/1.sock',
  ],
  [
    'a socket whose path the system does not take',
    `unix:/${'a'.repeat(107)}`,
    `4:9: services[0].replicas[0] has a socket whose path is 108 bytes long, and the system takes ${maxSocketPathBytes}: use a shorter one ("/${'a'.repeat(59)}…")`,
  ],
  [
    'a socket that can not name it',
    'unix:/run/ä.sock',
    `4:9: services[0].replicas[0] can't be named for "ä.sock": give it a name`,
  ],
  [
    'the same socket twice',
    'unix:/run/a\n      - { url: unix:/run/./a, name: b }',
    '5:9: services[0].replicas[1] repeats unix:/run/a, the URL of replicas[0]',
  ],
  ['credentials', 'http://me:secret@a:1', '4:9: services[0].replicas[0] must not hold credentials'],
  ['port 0', 'http://a:0', '4:9: services[0].replicas[0] has port 0, which nothing can listen on'],
  ['a mapping without a URL', '{ name: b }', '4:9: services[0].replicas[0].url is missing'],
  [
    'a faulty URL in a mapping',
    '{ url: a }',
    '4:16: services[0].replicas[0].url must be http://HOST:PORT, https://HOST:PORT or unix:PATH, not "a"',
  ],
  [
    'no weight',
    '{ url: http://a:1, weight: 0 }',
    '4:36: services[0].replicas[0].weight must be more than 0, not 0',
  ],
  [
    'a name with a space',
    "{ url: http://a:1, name: 'a b' }",
    '4:34: services[0].replicas[0].name must be 1 to 128 letters, digits or . _ : - [ ]',
  ],
  [
    'a misspelt key',
    '{ url: http://a:1, wieght: 2 }',
    '4:28: services[0].replicas[0].wieght is not known; did you mean weight?',
  ],
  [
    'the same URL twice',
    'http://a\n      - http://A:80/',
    '5:9: services[0].replicas[1] repeats http://a:80, the URL of replicas[0]',
  ],
  [
    'the same name twice',
    '{ url: http://a:1, name: b:2 }\n      - http://b:2',
    '5:9: services[0].replicas[1] repeats b:2, the name of replicas[0]',
  ],
]

describe('a replica', () => {
  for (const [description, replica, message] of faults) {
    it(`can't have ${description}`, () => {
      const text = `services:\n  - name: chat\n    replicas:\n      - ${replica}\n`
      assert.throws(() => parseConfig(text, 'f'), { message: `f:${message}` })
    })
  }

  it('has its port and its name from its URL', () => {
    const text =
      'services: [{ name: chat, replicas: [https://A.example, "http://[::1]:8000", { url: http://b, name: b, weight: 0.5 }] }]'
    const [a, loopback, b] = parseConfig(text, 'f').services[0]!.replicas
    assert.deepEqual(a, {
      url: 'https://a.example:443',
      protocol: 'https',
      host: 'a.example',
      port: 443,
      name: 'a.example:443',
      weight: 1,
      drain: false,
    })
    assert.deepEqual([loopback?.host, loopback?.name], ['::1', '[::1]:8000'])
    assert.deepEqual([b?.port, b?.name, b?.weight], [80, 'b', 0.5])
  })

  it('listens at a Unix socket, whose path starts at the folder of the file', () => {
    const text =
      'services: [{ name: chat, replicas: [unix:/run/app/1.sock, { url: "unix:../b/2.sock", name: two }] }]'
    const [one, two] = parseConfig(text, '/etc/limpet/limpet.yaml').services[0]!.replicas
    assert.deepEqual(one, {
      url: 'unix:/run/app/1.sock',
      protocol: 'http',
      host: 'localhost',
      port: 0,
      socketPath: '/run/app/1.sock',
      name: '1.sock',
      weight: 1,
      drain: false,
    })
    assert.deepEqual([two?.socketPath, two?.url, two?.name], ['/etc/b/2.sock', 'unix:/etc/b/2.sock', 'two'])
  })
})
