import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'

const folder = new URL('page/', import.meta.url)
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The page loads nothing from elsewhere, runs no script that stands in it, and is no part of other pages. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

interface PageFile {
  readonly content: Buffer
  readonly type: string
  readonly etag: string
}

/** Sends a file; `isFresh` where it must be asked for anew each time. */
export type SendFile = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Reads the page and all that it needs into memory, and returns what is at each path. `values` stand in the HTML
 * in the place of `{{name}}`; they must hold nothing that HTML gives a meaning.
 */
export function readPage(values: Readonly<Record<string, string>>): ReadonlyMap<string, SendFile> {
  const files = new Map<string, SendFile>()
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const bytes = readFileSync(new URL(name, folder))
    const isHtml = name === 'index.html'
    const content = isHtml ? Buffer.from(fillIn(String(bytes), values)) : bytes
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
    files.set(isHtml ? '/' : `/page/${name}`, sender({ content, type, etag }, isHtml))
  }
  return files
}

function fillIn(html: string, values: Readonly<Record<string, string>>): string {
  return html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
}

/** The page says which replica it comes from, so it is not kept; its parts are, and asked for by their tag. */
function sender({ content, type, etag }: PageFile, isHtml: boolean): SendFile {
  const fields = isHtml
    ? { ...headers, 'content-type': type, 'cache-control': 'no-store' }
    : { ...headers, 'content-type': type, 'cache-control': 'no-cache', etag }
  return (request, response) => {
    if (!isHtml && request.headers['if-none-match'] === etag) {
      response.writeHead(304, fields).end()
      return
    }
    response.writeHead(200, { ...fields, 'content-length': content.length })
    response.end(request.method === 'HEAD' ? undefined : content)
  }
}
