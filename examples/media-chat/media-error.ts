import { ReplicaError } from '@limpet/replica'

/** Why a request about media is refused. The container answers with the status and the message. */
export class MediaError extends ReplicaError {
  override readonly name = 'MediaError'
}

/** The question can't be understood. */
export function badQuestion(message: string): MediaError {
  return new MediaError('MEDIA_BAD_QUESTION', 400, `Bad request: ${message}`)
}

/** The question is about bytes behind the media's last one. */
export function pastEnd(bytes: number): MediaError {
  return new MediaError('MEDIA_PAST_END', 400, `Bad request: the media ends after ${bytes} bytes`)
}

/** There is nothing that the question could be about. */
export function noMedia(): MediaError {
  const message =
    'Bad request: there is no media to ask about: send it once in a session, or with the question in CustomAttributes'
  return new MediaError('MEDIA_NONE', 400, message)
}

/** An upload without content. */
export function emptyMedia(): MediaError {
  return new MediaError('MEDIA_EMPTY', 400, 'Bad request: the media is empty')
}
