const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602
/** The longest message that is looked into, in characters: what servers say of sessions is short. */
const MOST_MESSAGE_LENGTH = 300

const adjective = 'unknown|invalid|expired|missing'
const name = '(?:mcp[ -])?session(?:[ _-]?id)?'
const nameOfOne = `(?:["'\`][^"'\`]{1,128}["'\`]|[a-z_.:-]{0,64}\\d[\\w.:-]{0,128})`

/**
 * How servers say that they do not know a session, from the beginning of a message on: "Bad Request: No valid
 * session ID provided", "Session not found", "Server not initialized" and the like.
 */
const unknownPattern = new RegExp(
  `^(?:[\\w ]{1,40}: ?)?(?:the )?(?:${[
    `(?:no(?: valid| active| such)?|${adjective})(?: or (?:${adjective}))? ${name}(?= (?:found|provided|or|for|with)\\b|[.:,;!]|$)`,
    `${name}(?: header)?:?(?: with id)?(?: ${nameOfOne})? (?:(?:is|was|has|been|does) ){0,2}(?:not (?:found|exist|initialized)|${adjective}|terminated)\\b`,
    'server (?:is )?not initialized',
  ].join('|')})`,
  'i',
)

/**
 * Whether an answer with status 400 or 404 says that its replica does not know the session of the request. A wrong
 * yes costs a session that is alive, so what may be about the request itself is none.
 */
export function saysUnknownSession(status: number, content: Buffer): boolean {
  const said = readError(content)
  // In the modern era, which some servers speak on the same endpoint, 404 may be about a method.
  if (status === 404) return said?.code !== METHOD_NOT_FOUND
  if (said === undefined || said.code === METHOD_NOT_FOUND || said.code === INVALID_PARAMS) return false
  const { message } = said
  return typeof message === 'string' && message.length <= MOST_MESSAGE_LENGTH && unknownPattern.test(message)
}

/** What an error says, as JSON-RPC, as JSON of other makers, or as plain text; undefined: it is none. */
function readError(content: Buffer): { code?: unknown; message: unknown } | undefined {
  const text = content.toString('utf8').trim()
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch {
    return { message: text }
  }
  if (typeof written !== 'object' || written === null) return { message: written }
  const { error, message, detail } = written as { error?: unknown; message?: unknown; detail?: unknown }
  if (typeof error === 'object' && error !== null) return error as { code?: unknown; message: unknown }
  return { message: error ?? message ?? detail }
}
