/** Chunks a second on each event stream, about what a fast language model sends. */
export const chunksPerSecond = 50

/** Messages a second on each WebSocket tunnel. */
export const messagesPerSecond = 40

/** How many event streams or tunnels are open at a time. */
export const streamCount = 200
