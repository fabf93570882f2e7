// Tries inputs that nobody would think of on the two transports of a real collector and on the codec.
import { readOptions } from "../lib/script-options.ts";
import { saveCorpus } from "./corpus.ts";
import { runFuzz, targetsOf } from "./run-fuzz.ts";
import { Tape } from "./tape.ts";
import { WatchedCollector } from "./watched-collector.ts";

const options = readOptions(
  {
    command: "npm run fuzz --",
    about:
      "Inputs that nobody would think of, to the two transports of a real collector and to the codec. Inputs with new kinds of\nanswers go into test/fuzz/corpus.",
    options: {
      minutes: { value: "N", default: "60", about: "How long." },
      seed: { value: "N", about: "The same seed tries the same inputs; another one each time unless given." },
      tape: { value: "HEX", about: "One input again, as a finding names it." },
      target: { value: "NAME", default: "codec", about: "Of the tape: codec, http1, http2 or grpc." },
    },
  },
  process.argv.slice(2),
);
if (typeof options === "number") process.exitCode = options;
else if (options.tape === undefined) process.exitCode = await fuzz(Number(options.minutes), Number(options.seed ?? Date.now() % 1_000_000));
else process.exitCode = await replay(options.tape, options.target);

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

async function replay(hex: string, name: string): Promise<number> {
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
