import { readFileSync } from 'node:fs'
import { type Copy, DockerfileParser, type Instruction, type PropertyInstruction } from 'dockerfile-ast'

/** One COPY: where from (a stage, or else the build context), what, and where to. */
export interface CopyStep {
  readonly kind: 'copy'
  readonly stage?: string
  readonly sources: readonly string[]
  readonly to: string
}

/** A step that changes the files of an image, in the order of the file. */
export type Step =
  | CopyStep
  | { readonly kind: 'run'; readonly script: string }
  | { readonly kind: 'workdir'; readonly path: string }

/** One stage of a Dockerfile. What it says itself; what it has from its base is not in here. */
export interface Stage {
  readonly name: string
  /** Another stage, or an image. */
  readonly base: string
  readonly steps: readonly Step[]
  readonly env: Readonly<Record<string, string>>
  /** The arguments of the instructions that say how the image is run, such as ENTRYPOINT and USER. */
  readonly settings: Readonly<Record<string, string>>
}

/** Reads the stages of a Dockerfile, in their order. Throws for an instruction that the tests could not imitate. */
export function readDockerfile(path: string): Stage[] {
  const stages: (Stage & { steps: Step[]; env: Record<string, string>; settings: Record<string, string> })[] =
    []
  for (const instruction of DockerfileParser.parse(readFileSync(path, 'utf8')).getInstructions()) {
    const keyword = instruction.getKeyword()
    const content = instruction.getArgumentsContent() ?? ''
    const stage = stages.at(-1)
    if (keyword === 'FROM') {
      const [base = '', , name = ''] = valuesOf(instruction)
      stages.push({ name, base, steps: [], env: {}, settings: {} })
    } else if (stage === undefined) {
      if (keyword !== 'ARG') throw new Error(`${keyword} stands before the first stage`)
    } else if (keyword === 'COPY') {
      stage.steps.push(copyStep(instruction as Copy))
    } else if (keyword === 'RUN') {
      stage.steps.push({ kind: 'run', script: content })
    } else if (keyword === 'WORKDIR') {
      stage.steps.push({ kind: 'workdir', path: content })
    } else if (keyword === 'ENV') {
      for (const property of (instruction as PropertyInstruction).getProperties()) {
        stage.env[property.getName()] = property.getValue() ?? ''
      }
    } else if (/^(ENTRYPOINT|CMD|HEALTHCHECK|USER|STOPSIGNAL|EXPOSE|LABEL)$/.test(keyword)) {
      stage.settings[keyword] = content
    } else {
      throw new Error(`The tests know no ${keyword}`)
    }
  }
  return stages
}

function copyStep(copy: Copy): CopyStep {
  const values = valuesOf(copy)
  const stage = copy.getFromFlag()?.getValue()
  return {
    kind: 'copy',
    sources: values.slice(0, -1),
    to: values.at(-1)!,
    ...(stage != null && { stage }),
  }
}

function valuesOf(instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => argument.getValue())
}
