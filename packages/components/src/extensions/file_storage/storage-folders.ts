import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { WorkerSlot } from "@tidemark/core";
import { STATE_FILE } from "./state/state-file.ts";

const WORKER = /^worker-(\d+)$/;

/** Where a worker keeps its own: several processes never share a database. */
export function folderOfWorker(directory: string, { index, count }: WorkerSlot): string {
  return count === 1 ? directory : join(directory, `worker-${index}`);
}

/** A storage folder in a directory: its own, or that of one worker. */
export interface StorageFolder {
  readonly path: string;
  /** In front of ids of its dead letters: none, or the worker's number and a dot. */
  readonly prefix: string;
}

/** All storage folders in the directory of a `file_storage`, those of earlier worker counts too. */
export function storageFolders(directory: string): readonly StorageFolder[] {
  if (!existsSync(directory)) return [];
  const workers = readdirSync(directory)
    .flatMap((name) => WORKER.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
  const folders = [
    { path: directory, prefix: "" },
    ...workers.map((index) => ({ path: join(directory, `worker-${index}`), prefix: `${index}.` })),
  ];
  return folders.filter(({ path }) => existsSync(join(path, STATE_FILE)));
}
