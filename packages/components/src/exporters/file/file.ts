import { PipelineError, type ComponentContext, type Exporter } from "@tidemark/core";
import { Packer } from "../../transport/bodies/packer.ts";
import type { FileConfig } from "./config.ts";
import type { FileSystem } from "./file-system.ts";
import { FileWriter } from "./file-writer.ts";
import { frame } from "./frame.ts";

/** Makes the exporter. All signals that it gets go into the one file. */
export function createFileExporter(config: FileConfig, context: ComponentContext, files: FileSystem): Exporter {
  const writer = new FileWriter({ config, files, clock: context.clock, log: context.log });
  const packer = config.compression === "none" ? undefined : new Packer(config.compression, undefined);
  let running = false;
  return {
    async start() {
      await writer.open();
      running = true;
    },
    async send(batch) {
      if (!running) throw PipelineError.unavailable(`the file ${config.path} is closed`);
      await writer.write(await frame(batch, config, packer));
    },
    async shutdown() {
      running = false;
      await writer.close();
      packer?.close();
    },
  };
}
