import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { fileStorageConfig } from "./config.ts";
import { createFileStorage } from "./file-storage.ts";

/** Keeps queues and dead letters on the disk, so that nothing that was acknowledged is lost. */
export const fileStorageExtension: ExtensionDefinition<typeof fileStorageConfig> = defineExtension({
  type: "file_storage",
  stability: "beta",
  summary: "Keeps sending queues and dead letters on the disk, so that nothing that was acknowledged is lost.",
  provides: ["storage"],
  scope: "process",
  config: fileStorageConfig,
  example: "directory: /var/lib/tidemark\ncreate_directory: true\n",
  create: createFileStorage,
});
