import { BadKeyError } from '../errors.ts'

/** The most bytes that a key takes as a file's name, which leaves room for a prefix below the usual 255. */
const maxNameBytes = 200

/**
 * A key is well-formed Unicode text, not empty, and at most 200 bytes long in UTF-8, where a slash, a NUL, a leading
 * dot, and a percent sign before two hex digits count as three.
 * @throws {BadKeyError}
 */
export function checkKey(key: string): void {
  if (typeof key !== 'string' || key === '') throw new BadKeyError('must be text that is not empty')
  if (!key.isWellFormed()) throw new BadKeyError('must be well-formed Unicode')
  if (Buffer.byteLength(fileNameOf(key)) > maxNameBytes) {
    throw new BadKeyError(`may take at most ${maxNameBytes} bytes`)
  }
}

/**
 * The name of a key's file: the key itself, as the AWS library would name it, but for the characters that a file name
 * can't hold or that would make two keys one. No two keys have the same name, and no name leaves its folder or begins
 * with a dot.
 */
export function fileNameOf(key: string): string {
  return key.replace(/[/\0]|^\.|%(?=[0-9a-f]{2})/gi, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
    return `%${code}`
  })
}

/** The key of a file's name. */
export function keyOfFileName(name: string): string {
  return name.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
