import { stat } from "node:fs/promises";
import type { BatchObservableCallback } from "@opentelemetry/api";
import type { ComponentContext, Extension, StateHandle, Timer } from "@tidemark/core";
import { Adoption } from "./adoption/adoption.ts";
import type { FileStorageConfig } from "./config.ts";
import { diskFiles } from "./disk/file-layer.ts";
import { OpenStorage, type StorageEnvironment } from "./open-storage.ts";
import type { Space } from "./disk/space.ts";
import { DirectoryInUse } from "./disk/directory-lock.ts";
import { folderOfWorker, foldersToAdopt } from "./disk/storage-folders.ts";

// A reload has the old graph and the new one for a moment, and the directory can be open only once.
interface SharedStorage {
  readonly directory: string;
  readonly storage: Promise<Adoption>;
  users: number;
}

const FILE_MODE = 0o600;
const LOOK_EVERY_MS = 1000;
/** How long the health report shows what is wrong: a full storage for a little longer than it is full, damage so that a person sees it. */
const FULL_FOR_MS = 10_000;
const DAMAGED_FOR_MS = 600_000;
const METRICS = "tidemark_extension_file_storage";

/** Makes the storage; it is opened at the start. */
export function createFileStorage(config: FileStorageConfig, context: ComponentContext): Extension {
  const directory = folderOfWorker(config.directory, context.worker);
  // By its directory: what lies in another one does not come along.
  const handle = context.state<SharedStorage | undefined>(`open ${directory}`, 1, () => undefined);
  let open: Adoption | undefined;
  let shared: SharedStorage | undefined;
  let stopMetrics: (() => void) | undefined;
  let stopReports: (() => void) | undefined;
  const opened = (): Adoption => {
    if (open === undefined) throw new Error(`the storage ${context.id} is not started`);
    return open;
  };
  return {
    storage: {
      openQueue: (owner) => opened().openQueue(owner),
      buryNew: (owner, record, reason) => opened().buryNew(owner, record, reason),
    },
    async start() {
      shared = share(handle, directory, () => openStorage(config, directory, context));
      try {
        open = await shared.storage;
      } catch (error) {
        handle.value = undefined;
        shared = undefined;
        throw error;
      }
      open.space.limit(limitsOf(config));
      stopMetrics = observe(open, context);
      stopReports = report(open, context);
    },
    async shutdown() {
      stopReports?.();
      stopMetrics?.();
      const last = shared;
      shared = undefined;
      if (last === undefined) return;
      last.users -= 1;
      if (last.users > 0) return;
      if (handle.value === last) handle.value = undefined;
      await last.storage.then((storage) => storage.close()).catch(() => undefined);
    },
  };
}

function share(handle: StateHandle<SharedStorage | undefined>, directory: string, make: () => Promise<Adoption>): SharedStorage {
  const known = handle.value;
  if (known?.directory === directory) {
    known.users += 1;
    return known;
  }
  const made = { directory, storage: make(), users: 1 };
  handle.value = made;
  return made;
}

async function openStorage(config: FileStorageConfig, directory: string, context: ComponentContext): Promise<Adoption> {
  const { clock, log, worker } = context;
  const environment = environmentOf(config, context);
  const { fsync, recreate } = config;
  await checkDirectory(config);
  await environment.files.createDirectory(directory, environment.folderMode);
  const open = async (path: string, lockTimeoutMs: number): Promise<OpenStorage> => {
    const options = { directory: path, fsync, recreate, lockTimeoutMs, pid: process.pid, limits: limitsOf(config) };
    const { storage, opened } = await OpenStorage.open(options, environment);
    const { setAside, letters } = opened;
    if (setAside !== undefined) {
      log.error("The database of the storage is damaged. It was put aside, and what can be read of it was taken over.", {
        problem: setAside.problem,
        backup: setAside.path,
        dead_letters: setAside.salvaged,
      });
    }
    log.info("Storage is open.", { directory: path, dead_letters: letters.letters });
    return storage;
  };
  const adoption = new Adoption(await open(directory, config.timeout), foldersToAdopt(config.directory, worker), {
    clock,
    log,
    open: (path) =>
      open(path, 0).catch((error: unknown) => {
        if (error instanceof DirectoryInUse) return undefined;
        throw error;
      }),
  });
  await adoption.start();
  return adoption;
}

function environmentOf(config: FileStorageConfig, context: ComponentContext): StorageEnvironment {
  const { id, clock, random, log, meter } = context;
  const damagedRecords = meter.createCounter(`${METRICS}_damaged_records`, {
    description: "Stored records that could not be read any more.",
  });
  return {
    files: diskFiles({ fsync: config.fsync, mode: FILE_MODE }),
    folderMode: Number.parseInt(config.directory_permissions, 8),
    clock,
    random,
    log,
    damaged(records) {
      damagedRecords.add(records, { extension: id });
      context.trouble("records_damaged", `${records} stored records could not be read any more`, DAMAGED_FOR_MS);
    },
    unavailable: (message, forMs) => context.trouble("storage_unavailable", message, forMs),
  };
}

async function checkDirectory(config: FileStorageConfig): Promise<void> {
  if (config.create_directory) return;
  const found = await stat(config.directory).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const problem = found === undefined ? "is not there" : "is not a directory";
  throw new Error(`the storage directory ${config.directory} ${problem}: make it, or set "create_directory: true"`);
}

function limitsOf(config: FileStorageConfig): { readonly maxBytes: number; readonly minFreeBytes: number } {
  return { maxBytes: config.max_bytes, minFreeBytes: config.min_free_bytes };
}

/** Says in the health report that there is no room, and that dead letters wait. */
function report({ space }: { readonly space: Space }, context: ComponentContext): () => void {
  let timer: Timer | undefined;
  const look = (): void => {
    const letters = space.letterBytes;
    const shortage = space.shortage();
    if (shortage !== undefined) context.trouble("storage_full", shortage, FULL_FOR_MS);
    context.trouble("dead_letters_present", `${letters} bytes of dead letters are kept`, letters > 0 ? 2 * LOOK_EVERY_MS : 0);
    timer = context.clock.setTimeout(look, LOOK_EVERY_MS);
  };
  space.full = (message) => context.trouble("storage_full", message, FULL_FOR_MS);
  const problem = space.noRoom();
  if (problem !== undefined) context.log.warn("Nothing can be stored: senders are refused until there is room.", { problem });
  look();
  return () => timer?.cancel();
}

function observe({ space }: { readonly space: Space }, { meter, id }: ComponentContext): () => void {
  const queued = meter.createObservableGauge(`${METRICS}_queued_bytes`, { description: "Records in stored queues.", unit: "By" });
  const letters = meter.createObservableGauge(`${METRICS}_dead_letter_bytes`, { description: "Dead letters.", unit: "By" });
  const capacity = meter.createObservableGauge(`${METRICS}_capacity_bytes`, { description: "`max_bytes` of the storage.", unit: "By" });
  const callback: BatchObservableCallback = (result) => {
    result.observe(queued, space.queuedBytes, { extension: id });
    result.observe(letters, space.letterBytes, { extension: id });
    result.observe(capacity, space.maxBytes, { extension: id });
  };
  const instruments = [queued, letters, capacity];
  meter.addBatchObservableCallback(callback, instruments);
  return () => meter.removeBatchObservableCallback(callback, instruments);
}
