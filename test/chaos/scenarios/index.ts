import type { Scenario } from "../trial.ts";
import { clockJumps } from "./clock-jumps.ts";
import { damage } from "./damage.ts";
import { fullDisk } from "./full-disk.ts";
import { kills } from "./kills.ts";
import { sinks } from "./sinks.ts";
import { workerKills } from "./worker-kills.ts";

/** All kinds of trouble. */
export const scenarios: readonly Scenario[] = [kills, workerKills, damage, fullDisk, sinks, clockJumps];
