// Tries inputs that nobody would think of on the two transports of a real collector and on the codec:
//
//   npm run fuzz [-- --minutes 60] [--seed N]                a run; inputs with new kinds of answers go into corpus/
//   npm run fuzz -- --target codec --tape 0a1b…              one input again: codec, http1, http2 or grpc
import { parseArgs } from "node:util";
import { saveCorpus } from "./corpus.ts";
import { runFuzz, targetsOf } from "./run-fuzz.ts";
import { Tape } from "./tape.ts";
import { WatchedCollector } from "./watched-collector.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    target: { type: "string" },
    tape: { type: "string" },
  },
});

process.exitCode =
  values.tape === undefined ? await fuzz(Number(values.minutes), Number(values.seed)) : await replay(values.tape, values.target);

async function fuzz(minutes: number, seed: number): Promise<number> {
  console.log(`seed ${seed}, ${minutes} minutes`);
  const { fuzzers, faults, seconds, canaries, slowestCanaryMs, memory } = await runFuzz({ seed, minutes, progress: console.log });
  for (const { target, inputs, kinds, slowestMs, findings } of fuzzers) {
    const kept = saveCorpus(target.name, kinds.values());
    const rate = Math.round(inputs / seconds);
    console.log(
      `${target.name}: ${inputs} inputs (${rate}/s), ${kinds.size} kinds of answers, slowest ${Math.round(slowestMs)} ms, ${kept} kept`,
    );
    for (const { fault, tape } of findings) {
      console.log(`  FAULT ${fault}\n  npm run fuzz -- --target ${target.name} --tape ${Buffer.from(tape).toString("hex")}`);
    }
  }
  const [first, last] = [memory[0], memory.at(-1)];
  console.log(`${seconds.toFixed(0)} s; ${canaries} canaries, the slowest answered in ${Math.round(slowestCanaryMs)} ms`);
  console.log(
    `collector ${first?.collectorMB.toFixed(0)} → ${last?.collectorMB.toFixed(0)} MB, own heap ${first?.heapMB.toFixed(0)} → ${last?.heapMB.toFixed(0)} MB`,
  );
  for (const fault of faults) console.log(`FAULT ${fault}`);
  const failed = faults.length + fuzzers.reduce((sum, { findings }) => sum + findings.length, 0);
  console.log(failed === 0 ? "all is well" : `${failed} faults; npm run fuzz -- --seed ${seed} tries the same inputs`);
  return failed === 0 ? 0 : 1;
}

async function replay(hex: string, name = "codec"): Promise<number> {
  const collector = await WatchedCollector.start();
  try {
    const target = targetsOf(collector).find((each) => each.name === name);
    if (target === undefined) throw new Error(`there is no target ${name}; use codec, http1, http2 or grpc`);
    const { kind, fault } = await target.run(new Tape(Buffer.from(hex, "hex")));
    console.log(`${kind}\n${fault === undefined ? "no fault" : `FAULT ${fault}`}`);
    for (const line of collector.newAlarms()) console.log(line);
    return fault === undefined ? 0 : 1;
  } finally {
    await collector.stop();
  }
}
