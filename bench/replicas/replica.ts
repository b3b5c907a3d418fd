/** Replicas for a workload: one process on the load side that listens on several ports, each a replica. */
export interface ReplicaPlan {
  command: readonly string[]
  files?: Readonly<Record<string, string>>
  /** Files of zeros, by name, with their sizes in bytes; they take no room on the disk. */
  sparseFiles?: Readonly<Record<string, number>>
}

/** Says how to run replicas on the given ports of 127.0.0.1, with their files in a folder. */
export type PlanReplicas = (folder: string, ports: readonly number[]) => ReplicaPlan

/** The size of the bodies that the transfer workloads move. */
export const transferBytes = 500_000_000
