import type { Worker } from "node:worker_threads";
import type { LoggedLine } from "@tidemark/core/testing";
import type { NewRecord } from "@tidemark/core";
import { recordingLogger, seededRandom, VirtualClock } from "@tidemark/core/testing";
import { diskFiles, type FileLayer } from "../disk/file-layer.ts";
import { OpenStorage } from "../open-storage.ts";
import type { StateOptions } from "../state/state-calls.ts";

/** An open storage and all that it said. */
export interface StorageUnderTest {
  readonly storage: OpenStorage;
  readonly clock: VirtualClock;
  readonly lines: LoggedLine[];
  /** Damaged records that were reported. */
  readonly damaged: () => number;
  /** What was said to be wrong. */
  readonly faults: readonly string[];
}

/** Opens a storage in virtual time. */
export async function openTestStorage(
  directory: string,
  options: {
    readonly files?: FileLayer;
    readonly maxBytes?: number;
    readonly minFreeBytes?: number;
    readonly recreate?: boolean;
    readonly fsync?: boolean;
    readonly startThread?: (options: StateOptions) => Worker;
  } = {},
): Promise<StorageUnderTest> {
  const { maxBytes = 2 ** 30, minFreeBytes = 0, recreate = false, fsync = false } = options;
  const files = options.files ?? diskFiles({ fsync, mode: 0o600 });
  const clock = new VirtualClock();
  const lines: LoggedLine[] = [];
  const faults: string[] = [];
  let damaged = 0;
  const { storage } = await OpenStorage.open(
    { directory, fsync, recreate, lockTimeoutMs: 0, pid: process.pid, limits: { maxBytes, minFreeBytes } },
    {
      files,
      folderMode: 0o700,
      clock,
      random: seededRandom(),
      log: recordingLogger(lines),
      ...(options.startThread === undefined ? {} : { startThread: options.startThread }),
      damaged: (records) => {
        damaged += records;
      },
      unavailable: (message) => faults.push(message),
    },
  );
  return { storage, clock, lines, damaged: () => damaged, faults };
}

/** A record whose bytes tell its number. */
export function record(number: number, size = 100): NewRecord {
  const bytes = Buffer.alloc(size, number % 251);
  bytes.writeUInt32LE(number);
  return { signal: "logs", items: 2, bytes, receivedAt: 1000 + number, transport: "grpc" };
}

/** The number of a record that `record` made. */
export function numberOf({ bytes }: Pick<NewRecord, "bytes">): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE();
}
