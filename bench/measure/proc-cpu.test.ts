import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { readCpu } from './proc-cpu.ts'
import { readMemory } from './proc-memory.ts'
import { processTree } from './process-tree.ts'

const spin = `
const { Worker } = require('node:worker_threads')
new Worker('while (process.cpuUsage().user < 250000); require("node:worker_threads").parentPort.postMessage(0)', { eval: true })
  .on('message', () => { console.log('done'); setInterval(() => {}, 1000) })`

test('counts the threads of a process and its children', { skip: process.platform !== 'linux' }, async () => {
  // A shell that is idle itself, with a child in which a worker thread uses 250 ms of CPU time.
  const shell = spawn('sh', ['-c', '"$0" -e "$1" & wait', process.execPath, spin])
  try {
    await once(shell.stdout, 'data')
    const { pid = 0 } = shell
    assert.equal(processTree(pid).length, 2)
    const { userUs, systemUs } = readCpu(pid)
    // The loop ends by CPU time, so that other work on the machine can't make it do less.
    assert.ok(userUs + systemUs >= 200_000, `${userUs} + ${systemUs}`)
    assert.ok(readMemory(pid).residentBytes > 20_000_000)
    assert.ok(readMemory(pid).peakBytes >= readMemory(pid).residentBytes)
  } finally {
    for (const pid of processTree(shell.pid ?? 0)) process.kill(pid, 'SIGKILL')
  }
})

test('finds a process whose threads come and go at any time', {
  skip: process.platform !== 'linux',
}, async () => {
  const churn = `
    const { Worker } = require('node:worker_threads')
    const next = () => new Worker('', { eval: true }).on('exit', next)
    next()
    console.log('started')`
  const child = spawn(process.execPath, ['-e', churn])
  try {
    await once(child.stdout, 'data')
    const { pid = 0 } = child
    const endMs = performance.now() + 300
    while (performance.now() < endMs) assert.deepEqual(processTree(pid), [pid])
  } finally {
    child.kill('SIGKILL')
  }
})

test('reads nothing from a process that is gone', () => {
  assert.deepEqual(readCpu(2 ** 30), { userUs: 0, systemUs: 0 })
})
