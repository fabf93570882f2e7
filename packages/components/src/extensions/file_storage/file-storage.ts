import { stat } from "node:fs/promises";
import type { BatchObservableCallback } from "@opentelemetry/api";
import type { ComponentContext, Extension, StateHandle, Timer } from "@tidemark/core";
import type { FileStorageConfig } from "./config.ts";
import { diskFiles } from "./log/file-layer.ts";
import { OpenStorage } from "./open-storage.ts";
import { folderOfWorker, storageFolders } from "./storage-folders.ts";

// A reload has the old graph and the new one for a moment, and the directory can be open only once.
interface SharedStorage {
  readonly directory: string;
  readonly storage: Promise<OpenStorage>;
  users: number;
}

const FILE_MODE = 0o600;
const LOOK_EVERY_MS = 1000;
/** How long the health report shows what is wrong: a full storage until nobody has been refused for so long, damage so that a person sees it. */
const FULL_FOR_MS = 10_000;
const DAMAGED_FOR_MS = 600_000;
const METRICS = "tidemark_extension_file_storage";

/** Makes the storage; it is opened at the start. */
export function createFileStorage(config: FileStorageConfig, context: ComponentContext): Extension {
  const directory = folderOfWorker(config.directory, context.worker);
  const handle = context.state<SharedStorage | undefined>("open", 1, () => undefined);
  let open: OpenStorage | undefined;
  let shared: SharedStorage | undefined;
  let stopMetrics: (() => void) | undefined;
  let stopReports: (() => void) | undefined;
  const opened = (): OpenStorage => {
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

function share(handle: StateHandle<SharedStorage | undefined>, directory: string, make: () => Promise<OpenStorage>): SharedStorage {
  const known = handle.value;
  if (known?.directory === directory) {
    known.users += 1;
    return known;
  }
  const made = { directory, storage: make(), users: 1 };
  handle.value = made;
  return made;
}

async function openStorage(config: FileStorageConfig, directory: string, context: ComponentContext): Promise<OpenStorage> {
  const { clock, random, log } = context;
  const folderMode = Number.parseInt(config.directory_permissions, 8);
  const files = diskFiles({ fsync: config.fsync, mode: FILE_MODE });
  await checkDirectory(config);
  await files.createDirectory(directory, folderMode);
  const damagedRecords = context.meter.createCounter(`${METRICS}_damaged_records`, {
    description: "Stored records that could not be read any more.",
  });
  const damaged = (records: number): void => {
    damagedRecords.add(records, { extension: context.id });
    context.trouble("records_damaged", `${records} stored records could not be read any more`, DAMAGED_FOR_MS);
  };
  const { storage, opened } = await OpenStorage.open(
    {
      directory,
      fsync: config.fsync,
      recreate: config.recreate,
      lockTimeoutMs: config.timeout,
      pid: process.pid,
      limits: limitsOf(config),
    },
    {
      files,
      folderMode,
      clock,
      random,
      log,
      damaged,
      unavailable: (message, forMs) => context.trouble("storage_unavailable", message, forMs),
    },
  );
  const { setAside, letters } = opened;
  if (setAside !== undefined) {
    log.error("The database of the storage is damaged. It was put aside, and what can be read of it was taken over.", {
      problem: setAside.problem,
      backup: setAside.path,
      dead_letters: setAside.salvaged,
    });
  }
  log.info("Storage is open.", { directory, dead_letters: letters.letters });
  warnOfOthers(config, context);
  return storage;
}

async function checkDirectory(config: FileStorageConfig): Promise<void> {
  if (config.create_directory) return;
  const found = await stat(config.directory).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const problem = found === undefined ? "is not there" : "is not a directory";
  throw new Error(`the storage directory ${config.directory} ${problem}: make it, or set "create_directory: true"`);
}

/** With fewer workers than before, nobody sends what the others have left. */
function warnOfOthers(config: FileStorageConfig, { worker, log }: ComponentContext): void {
  if (worker.index > 0) return;
  const own = new Set(Array.from({ length: worker.count }, (_, index) => folderOfWorker(config.directory, { ...worker, index })));
  const others = storageFolders(config.directory).filter(({ path }) => !own.has(path));
  if (others.length === 0) return;
  log.warn("There are storage folders of another number of workers. What waits in them is sent when that number is set again.", {
    folders: others.map(({ path }) => path).join(", "),
  });
}

function limitsOf(config: FileStorageConfig): { readonly maxBytes: number; readonly minFreeBytes: number } {
  return { maxBytes: config.max_bytes, minFreeBytes: config.min_free_bytes };
}

/** Says in the health report that there is no room, and that dead letters wait. */
function report({ space }: OpenStorage, { clock, trouble }: ComponentContext): () => void {
  let timer: Timer | undefined;
  const look = (): void => {
    const letters = space.letterBytes;
    trouble("dead_letters_present", `${letters} bytes of dead letters are kept`, letters > 0 ? 2 * LOOK_EVERY_MS : 0);
    timer = clock.setTimeout(look, LOOK_EVERY_MS);
  };
  space.full = (message) => trouble("storage_full", message, FULL_FOR_MS);
  look();
  return () => timer?.cancel();
}

function observe({ space }: OpenStorage, { meter, id }: ComponentContext): () => void {
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
