#!/usr/bin/env node
// The `limpet` command. Plain JavaScript, so that an old Node answers with a sentence and not a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `limpet needs Node.js 24.12 or newer; this is ${process.versions.node}. In a clone, run it as "npx limpet" after "npm install", which brings its own.\n`,
  )
  process.exit(1)
}
// Beside this file stand TypeScript sources in a clone and compiled JavaScript in the published package.
const { existsSync } = await import('node:fs')
const source = new URL('../src/cli/main.ts', import.meta.url)
const entry = existsSync(source) ? source : new URL('../cli/main.js', import.meta.url)
const { main } = await import(entry.href)
process.exitCode = await main(process.argv.slice(2))
