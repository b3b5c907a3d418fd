/** SageMaker takes an answer to a ping that takes 2 s for none. */
const maxWaitMs = 1500

/** What tells whether the server can take requests, such as whether its model is loaded. */
export type Ready = () => boolean | Promise<boolean>

/** Whether `ready` gives true in time to answer a ping within 2 s. One that fails or takes longer is not ready. */
export async function isReady(ready: Ready): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, maxWaitMs, false)
  })
  try {
    return (await Promise.race([ready(), late])) === true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
