import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContractFixture } from "@tidemark/core/testing";
import { openBatch, type Signal } from "@tidemark/otlp";

/** A file in a directory of its own, read back frame by frame. */
export const contractFixture: ContractFixture = {
  async open() {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-contract-"));
    const path = join(directory, "telemetry.pb");
    return {
      config: { path, format: "proto" },
      received: () => countItems(readFileSync(path)),
      close: () => rm(directory, { recursive: true }),
    };
  },
};

function countItems(content: Buffer): number {
  let items = 0;
  for (let at = 0; at < content.length;) {
    const length = content.readUInt32BE(at);
    items += itemsIn(content.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return items;
}

/** The three signals share the outer field numbers, so only the right one passes validation or has items. */
function itemsIn(message: Uint8Array): number {
  const signals: readonly Signal[] = ["traces", "metrics", "logs"];
  return Math.max(...signals.map((signal) => tryOpen(signal, message)));
}

function tryOpen(signal: Signal, message: Uint8Array): number {
  try {
    return openBatch(signal, message).itemCount;
  } catch {
    return 0;
  }
}
