import { existsSync, readdirSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { WorkerSlot } from "@tidemark/core";
import { LOCK_FILES } from "./directory-lock.ts";
import { reserveFile } from "./reserve.ts";

/** The database of a storage folder: dead letters, and what of the segments is done with. */
export const STATE_FILE = "state.db";

const WORKER = /^worker-(\d+)$/;

/** Where a worker keeps its own: several processes never share a database. */
export function folderOfWorker(directory: string, { index, count }: WorkerSlot): string {
  return count === 1 ? directory : join(directory, `worker-${index}`);
}

/** Where the queues of a storage folder are. */
export function queuesFolder(path: string): string {
  return join(path, "queues");
}

/** A storage folder in a directory: its own, or that of one worker. */
export interface StorageFolder {
  readonly path: string;
  /** In front of ids of its dead letters: none, or the worker's number and a dot. */
  readonly prefix: string;
}

/** All storage folders in the directory of a `file_storage`, those of earlier worker counts too. */
export function storageFolders(directory: string): readonly StorageFolder[] {
  const folders = [
    { path: directory, prefix: "" },
    ...workersIn(directory).map((index) => ({ path: join(directory, `worker-${index}`), prefix: `${index}.` })),
  ];
  return folders.filter(({ path }) => existsSync(join(path, STATE_FILE)));
}

/** Folders that no worker of `count` has and that this one has to look after: each is that of one worker only. */
export function foldersToAdopt(directory: string, { index, count }: WorkerSlot): readonly string[] {
  const others = workersIn(directory).filter((each) => count === 1 || each >= count);
  const mine = others.filter((each) => each % count === index).map((each) => join(directory, `worker-${each}`));
  const all = count > 1 && index === 0 ? [directory, ...mine] : mine;
  return all.filter((path) => existsSync(join(path, STATE_FILE)) || existsSync(queuesFolder(path)));
}

/** Deletes a storage folder in which nothing is left, while it is locked. What is not of a storage stays, and with it the folder. */
export async function deleteStorageFolder(path: string): Promise<void> {
  const queues = queuesFolder(path);
  for (const owner of existsSync(queues) ? readdirSync(queues) : []) await rmdir(join(queues, owner));
  if (existsSync(queues)) await rmdir(queues);
  const named = [STATE_FILE, `${STATE_FILE}-wal`, `${STATE_FILE}-shm`, ...LOCK_FILES].map((name) => join(path, name));
  for (const file of [reserveFile(path), ...named]) await rm(file, { force: true });
  if (readdirSync(path).length === 0) await rmdir(path);
}

function workersIn(directory: string): readonly number[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((name) => WORKER.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}
