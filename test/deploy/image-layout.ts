import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join, posix, relative } from 'node:path'
import { promisify } from 'node:util'
import dockerignore from '@balena/dockerignore'
import { readDockerfile, type Stage, type Step } from './dockerfile.ts'

const run = promisify(execFile)

/** The files of an image in a folder, and how a container would run them. */
export interface ImageLayout {
  /** The folder that stands for `/`. */
  readonly root: string
  /** What ENV sets, with paths inside `root`. */
  readonly env: Readonly<Record<string, string>>
  readonly workingFolder: string
  /** Programs with their arguments, with paths inside `root`. */
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthCheck: readonly string[]
  readonly stopSignal: NodeJS.Signals
  /** A path of the image as one of this machine; anything else as it is. */
  inside(path: string): string
}

/** The images of a Dockerfile, made when they are asked for. Their stages are made once. */
export interface ImageLayouts extends AsyncDisposable {
  image(target: string): Promise<ImageLayout>
}

interface Layout {
  readonly root: string
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Does what `docker build --target` would, as far as plain processes of this user can: each stage is a folder, base
 * images are empty but for the Node.js and npm of this machine, and nobody changes owners.
 */
export async function layOutImages(dockerfile: string, context: string): Promise<ImageLayouts> {
  const stages = readDockerfile(dockerfile)
  const folder = await mkdtemp(join(tmpdir(), 'limpet-image-'))
  const isSent = dockerignore
    .default()
    .add(await readFile(join(context, '.dockerignore'), 'utf8'))
    .createFilter()
  const made = new Map<string, Promise<Layout>>()

  const layOut = (name: string): Promise<Layout> => {
    const stage = stages.find((stage) => stage.name === name)
    if (stage === undefined) throw new Error(`No stage is called ${name}`)
    const layout = made.get(name) ?? make(stage)
    made.set(name, layout)
    return layout
  }

  const make = async (stage: Stage): Promise<Layout> => {
    const root = join(folder, stage.name)
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    const isOnStage = stages.some(({ name }) => name === stage.base)
    const base = isOnStage ? await layOut(stage.base) : undefined
    if (base !== undefined) await copy(base.root, root, () => true)
    const env = { ...base?.env, ...stage.env }
    let workdir = base?.workdir ?? '/'
    for (const step of stage.steps) {
      if (step.kind === 'workdir') workdir = posix.resolve(workdir, step.path)
      await mkdir(join(root, workdir), { recursive: true })
      await take(step, root, workdir)
    }
    return { root, workdir, env, settings: { ...base?.settings, ...stage.settings } }
  }

  const take = async (step: Step, root: string, workdir: string): Promise<void> => {
    if (step.kind === 'run') {
      // Absolute paths are those of the image, and its users are not known here.
      const script = `chown() { :; }; ${step.script.replace(/(?<=\s)\/(?=\w)/g, `${root}/`)}`
      const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      await run('sh', ['-ec', script], { cwd: join(root, workdir), env: { ...env, PATH } })
    } else if (step.kind === 'copy') {
      const from = step.stage === undefined ? context : (await layOut(step.stage)).root
      for (const source of step.sources) {
        const path = join(from, source)
        const filter = step.stage === undefined ? isInContext : () => true
        if (!filter(path)) throw new Error(`.dockerignore leaves out ${source}`)
        const to = join(root, posix.resolve(workdir, step.to))
        const isInto = step.to.endsWith('/') && !(await stat(path)).isDirectory()
        await copy(path, isInto ? join(to, basename(path)) : to, filter)
      }
    }
  }

  const isInContext = (path: string): boolean => isSent(relative(context, path))

  const image = async (target: string): Promise<ImageLayout> => {
    const { root, workdir, env, settings } = await layOut(target)
    const inside = (path: string): string => (path.startsWith('/') ? join(root, path) : path)
    const words = (json = '[]'): string[] => (JSON.parse(json) as string[]).map(inside)
    return {
      root,
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, inside(value)])),
      workingFolder: inside(workdir),
      entrypoint: words(settings.ENTRYPOINT),
      command: words(settings.CMD),
      healthCheck: words(settings.HEALTHCHECK?.replace(/^.*?CMD\s+(?=\[)/, '')),
      stopSignal: settings.STOPSIGNAL as NodeJS.Signals,
      inside,
    }
  }

  return { image, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

async function copy(from: string, to: string, filter: (path: string) => boolean): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true, filter })
}
