import { readOptions } from "../lib/script-options.ts";
import { runSeed, type SimulationResult } from "./run-seed.ts";

const options = readOptions(
  {
    command: "npm run simulate --",
    about: "Simulated lives of a sending queue: virtual clock, disk and network; one seed is one life.",
    options: {
      seeds: { value: "N", default: "10000", about: "How many." },
      from: { value: "N", default: "0", about: "The first one." },
      seed: { value: "N", about: "Only this one." },
      trace: { about: "With --seed: every step." },
    },
  },
  process.argv.slice(2),
);
if (typeof options === "number") process.exitCode = options;
else if (options.seed === undefined) process.exitCode = await many(Number(options.from), Number(options.seeds));
else process.exitCode = await one(Number(options.seed), options.trace);

async function one(seed: number, isTraced: boolean): Promise<number> {
  const result = await runSeed({ seed, ...(isTraced ? { trace: (line: string) => console.log(line) } : {}) });
  console.log(describe(result));
  return result.faults.length === 0 ? 0 : 1;
}

async function many(from: number, count: number): Promise<number> {
  const startedAt = performance.now();
  const total = { acknowledged: 0, repeated: 0, deaths: 0, restored: 0, deadLettered: 0, rejected: 0, lost: 0, failed: 0, reloads: 0 };
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed({ seed });
    total.acknowledged += result.acknowledged;
    total.repeated += result.repeated;
    total.deaths += result.deaths;
    total.restored += result.booked.restored;
    total.deadLettered += result.booked.deadLettered;
    total.rejected += result.booked.rejected;
    total.lost += result.booked.lost;
    total.reloads += result.met.get("reload") ?? 0;
    if (result.faults.length === 0) continue;
    total.failed += 1;
    console.log(describe(result));
    console.log(`  npm run simulate -- --seed ${seed} --trace`);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${count} seeds in ${seconds} s, ${total.failed} failed`);
  console.log(
    `items: ${total.acknowledged} acknowledged, ${total.restored} restored in ${total.deaths} restarts and ${total.reloads} reloads, ${total.repeated} repeated`,
  );
  console.log(
    `       ${total.deadLettered} among the dead letters, ${total.rejected} rejected in part, ${total.lost} lost from memory or damaged, and counted`,
  );
  return total.failed === 0 ? 0 : 1;
}

function describe({ seed, mode, faults }: SimulationResult): string {
  return `seed ${seed} (${mode}): ${faults.length === 0 ? "all is well" : faults.join("; ")}`;
}
