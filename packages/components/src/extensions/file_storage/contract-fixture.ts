import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContractFixture } from "@tidemark/core/testing";

/** A directory of its own for each try. */
export const contractFixture: ContractFixture = {
  open: async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-storage-"));
    return { config: { directory, min_free_bytes: 0 }, close: () => rm(directory, { recursive: true, force: true }) };
  },
};
