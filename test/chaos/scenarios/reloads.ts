import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@tidemark/core";
import { eventually } from "../../lib/eventually.ts";
import type { Mood } from "../moody-sink.ts";
import { pipelineYaml, type Shape } from "../pipeline-yaml.ts";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type Scenario, type Trial } from "../trial.ts";

const RELOADS = 20;
const RELOAD_MS = 15_000;

/** Reloads under load, by request, by signal and by file: other batching, queues, exporters and receivers, and files that are wrong. */
export const reloads: Scenario = {
  name: "reloads",
  event: "reloads",
  weight: 4,
  run: (options) =>
    withTrial(options, { isWatched: true }, async (trial) => {
      const { random, sink, subject, load, shape } = trial;
      await subject.start();
      load.start();
      const count = Math.max(3, Math.round(RELOADS * options.scale));
      for (let reload = 0; reload < count; reload += 1) {
        const mood = pick<Mood>(random, ["healthy", "healthy", "slow", "unavailable", "down"]);
        sink.mood = () => mood;
        await sleep(between(random, 10, 300));
        await reloadOnce(trial, changed(shape, random, reload));
      }
      sink.mood = () => "healthy";
      await load.stop();
      // What waits for an exporter that is not there is sent when it is there again.
      subject.configure(pipelineYaml({ ...shape, storage: subject.storage, exporters: ["", "b"] }, subject.ports));
      await request(trial);
      await settle(trial);
      return resultOf(trial, { events: count });
    }),
};

function changed(shape: Shape, random: Random, reload: number): Shape {
  return {
    ...shape,
    batching: pick(random, ["none", "processor", "queue"]),
    // A file that is as it was asks for nothing.
    consumers: 1 + (reload % 10),
    exporters: pick(random, [[""], [""], ["b"]]),
    largestBody: pick(random, [20, 20, 20, 21]),
  };
}

async function reloadOnce(trial: Trial, shape: Shape): Promise<void> {
  const { random, subject, faults } = trial;
  if (random() < 0.15) {
    writeFileSync(subject.file, "receivers: { otlp: { protocol: {} } }\n");
    const report = await request(trial, false);
    if (report?.result !== "failed") faults.push(`a wrong file was answered with ${JSON.stringify(report)}`);
    return;
  }
  const how = pick(random, ["request", "signal", "file"]);
  const before = reloadLines(trial);
  subject.configure(pipelineYaml({ ...shape, storage: subject.storage }, subject.ports));
  if (how === "request") return void (await request(trial));
  if (how === "signal") subject.signal("SIGHUP");
  await eventually(`a reload by ${how}`, () => reloadLines(trial) > before, RELOAD_MS).catch((error: unknown) =>
    faults.push(String(error)),
  );
}

function reloadLines({ subject }: Trial): number {
  return subject.log.filter((line) => /new configuration is active|pipelines have not changed|cannot be taken over/.test(line)).length;
}

async function request({ subject, faults }: Trial, isRight = true): Promise<{ readonly result: string } | undefined> {
  try {
    const answer = await fetch(`${subject.admin}/-/reload`, { method: "POST", signal: AbortSignal.timeout(RELOAD_MS) });
    const report = (await answer.json()) as { readonly result: string };
    if (isRight && !answer.ok) faults.push(`a right file was answered with ${answer.status} ${JSON.stringify(report)}`);
    return report;
  } catch (error) {
    faults.push(`a reload by request got no answer: ${String(error)}`);
    return undefined;
  }
}
