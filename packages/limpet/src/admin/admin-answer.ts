/** An answer of the admin listener. */
export interface AdminAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What the admin listener refuses, by code: the status and the `title` of its problem document. */
export const adminProblems = {
  LIMPET_ADMIN_QUERY: { status: 400, title: 'The query can not be used.' },
  LIMPET_ADMIN_SERVICE_NEEDED: { status: 400, title: 'Several services are configured.' },
  LIMPET_ADMIN_UNAUTHORIZED: { status: 401, title: 'The admin token is missing or wrong.' },
  LIMPET_ADMIN_FORBIDDEN: { status: 403, title: 'This admin listener changes nothing.' },
  LIMPET_ADMIN_HOST: { status: 403, title: 'The Host of the request is not this machine.' },
  LIMPET_ADMIN_NO_SERVICE: { status: 404, title: 'There is no such service.' },
  LIMPET_ADMIN_NO_SESSION: { status: 404, title: 'There is no such session.' },
  LIMPET_ADMIN_METHOD: { status: 405, title: 'The method is not answered here.' },
} as const satisfies Record<string, { status: number; title: string }>

export type AdminProblemCode = keyof typeof adminProblems

/** A problem document (RFC 9457); `detail` tells the operator what to do. */
export interface AdminProblem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: AdminProblemCode
}

export function textAnswer(status: number, body: string, headers: AdminAnswer['headers'] = {}): AdminAnswer {
  return { status, type: 'text/plain', body, headers }
}

export function jsonAnswer(value: unknown): AdminAnswer {
  return { status: 200, type: 'application/json', body: `${JSON.stringify(value)}\n` }
}

export function problemAnswer(
  code: AdminProblemCode,
  detail: string,
  headers: AdminAnswer['headers'] = {},
): AdminAnswer {
  const problem: AdminProblem = { type: 'about:blank', ...adminProblems[code], detail, code }
  return {
    status: problem.status,
    type: 'application/problem+json',
    body: `${JSON.stringify(problem)}\n`,
    headers,
  }
}
