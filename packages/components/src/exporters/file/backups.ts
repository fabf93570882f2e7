import { basename, dirname, extname, join } from "node:path";
import type { RotationConfig } from "./config.ts";
import type { FileSystem } from "./file-system.ts";

const DAY_MS = 86_400_000;
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}$/;

/** Name of an old file: `traces-2026-11-21T09-30-00.000.jsonl`, as the Collector (lumberjack) names them. */
export function backupPath(path: string, at: number, localtime: boolean): string {
  const extension = extname(path);
  const shifted = localtime ? at - new Date(at).getTimezoneOffset() * 60_000 : at;
  const stamp = new Date(shifted).toISOString().slice(0, 23).replaceAll(":", "-");
  return join(dirname(path), `${basename(path, extension)}-${stamp}${extension}`);
}

/** Deletes old files that are too many or too old. Other files of the directory are left alone. */
export async function removeOldBackups(files: FileSystem, path: string, rotation: RotationConfig, now: number): Promise<void> {
  const directory = dirname(path);
  const extension = extname(path);
  const prefix = `${basename(path, extension)}-`;
  const stampOf = (name: string): string => name.slice(prefix.length, name.length - extension.length);
  const names = (await files.list(directory)).filter(
    (name) => name.startsWith(prefix) && name.endsWith(extension) && STAMP.test(stampOf(name)),
  );
  const newestFirst = names.toSorted().toReversed();
  const tooMany = rotation.max_backups > 0 ? newestFirst.slice(rotation.max_backups) : [];
  const oldest = basename(backupPath(path, now - rotation.max_days * DAY_MS, rotation.localtime));
  const tooOld = rotation.max_days > 0 ? newestFirst.filter((name) => name < oldest) : [];
  for (const name of new Set([...tooMany, ...tooOld])) await files.remove(join(directory, name));
}
