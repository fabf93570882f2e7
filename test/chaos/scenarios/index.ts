import type { Scenario } from "../trial.ts";
import { clockJumps } from "./clock-jumps.ts";
import { damage } from "./damage.ts";
import { fullDisk } from "./full-disk.ts";
import { kills } from "./kills.ts";
import { powerCuts } from "./power-cuts.ts";
import { reloads } from "./reloads.ts";
import { sinks } from "./sinks.ts";
import { workerKills } from "./worker-kills.ts";

/** All kinds of trouble. */
export const scenarios: readonly Scenario[] = [kills, reloads, workerKills, damage, fullDisk, sinks, clockJumps, powerCuts];
