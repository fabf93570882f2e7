import { startNode } from "../../lib/child.ts";
import type { Scenario } from "../trial.ts";

const SECONDS = 10;
const PROGRAM = "packages/components/src/extensions/file_storage/testing/power-cut-seeds.ts";

interface Total {
  readonly images: number;
  readonly stored: number;
  readonly faults: readonly string[];
}

/** Every state that the disk may be in when the power goes, on a disk in memory that records the order of its calls. */
export const powerCuts: Scenario = {
  name: "power-cuts",
  event: "states of the disk",
  weight: 0.5,
  run: async ({ seed, scale }) => {
    const child = startNode([PROGRAM, String(seed * 1000), String(SECONDS * scale)]);
    const { images, stored, faults } = JSON.parse(await child.line(/^\{/, 120_000)) as Total;
    await child.ended;
    const none = { doubled: 0, unexplained: 0, deadLettered: 0, damaged: 0, refused: 0 };
    return { ...none, shape: "the log alone", events: images, acknowledged: stored, missing: faults.length, faults };
  },
};
