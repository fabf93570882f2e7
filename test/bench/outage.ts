// A back end that is away for ten minutes while clients go on: what is kept, how fast it flows out afterwards, and whether anything is
// lost. Beside it what keeping costs: durable requests against plain writes, and a queue in memory against passing through.
//
//   npm run bench -- outage [--minutes 10] [--rate 5000] [--directory /var/tmp]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { durableSpeed } from "./outage/durable-speed.ts";
import { queueCost } from "./outage/queue-cost.ts";
import { rideOut } from "./outage/ride-out.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "5000" },
    directory: { type: "string", default: tmpdir() },
  },
});

const folder = mkdtempSync(join(values.directory, "tidemark-bench-outage-"));
try {
  const results = [
    await rideOut(folder, { minutes: Number(values.minutes), rate: Number(values.rate) }),
    await durableSpeed(folder),
    await queueCost(folder),
  ];
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
