/**
 * Compiles a package into a folder that `npm publish` takes as it is:
 *
 *     node scripts/pack.ts [--package NAME] [--out FOLDER]    # by default limpet, into packages/NAME/dist
 *
 * In the clone, package.json points at the TypeScript sources, which Node.js runs as they are; below node_modules it
 * doesn't. So the published package holds compiled JavaScript, type declarations, every other file that lies beside
 * the sources, and a package.json that points at those. Tests stay out.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
/** The fields of a package.json that are rewritten here; the others are taken over. */
interface Manifest {
  exports: Record<string, string>
  scripts?: unknown
  devDependencies?: unknown
  private?: unknown
  [field: string]: unknown
}

const { values } = parseArgs({
  options: { package: { type: 'string', default: 'limpet' }, out: { type: 'string' } },
})
const source = join(root, 'packages', values.package)
const out = values.out === undefined ? join(source, 'dist') : resolve(values.out)

await rm(out, { recursive: true, force: true })
compile()
await copyAssets()
if (existsSync(join(source, 'bin'))) await cp(join(source, 'bin'), join(out, 'bin'), { recursive: true })
await cp(join(root, 'LICENSE'), join(out, 'LICENSE'))
const readme = join(source, 'README.md')
await cp(existsSync(readme) ? readme : join(root, 'README.md'), join(out, 'README.md'))
const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as Manifest
await writeFile(join(out, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`)
process.stdout.write(`${out}\n`)

function compile(): void {
  const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(
    /package\.json$/,
    'bin/tsc',
  )
  const args = [tsc, '-p', join(source, 'tsconfig.build.json'), '--outDir', out]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

/** Copies what the sources read at run time, such as a script of the shared store. */
async function copyAssets(): Promise<void> {
  const entries = await readdir(join(source, 'src'), { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile() || /\.ts$|\.(test|fixture)\b/.test(entry.name)) continue
    const from = join(entry.parentPath, entry.name)
    const to = join(out, from.slice(join(source, 'src').length))
    await mkdir(dirname(to), { recursive: true })
    await cp(from, to)
  }
}

/** The package.json to publish: no development fields, and each export with its types. */
function published({ scripts: _, devDependencies: __, private: ___, ...manifest }: Manifest): object {
  const exports = Object.entries(manifest.exports).map(([name, path]) => {
    if (!path.endsWith('.ts')) return [name, path]
    const compiled = path.replace(/^\.\/src\//, './').replace(/\.ts$/, '')
    return [name, { types: `${compiled}.d.ts`, default: `${compiled}.js` }]
  })
  return { ...manifest, exports: Object.fromEntries(exports), files: ['**/*'] }
}
