import { openBatch, type Batch, type Signal } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { map } from "rxjs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ConnectorDefinition, ExporterDefinition, Processor, ProcessorDefinition } from "../contract/component.ts";
import { defineConnector, defineProcessor } from "../contract/define.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { fakeSink, fakeSource } from "../testing/fake-components.ts";
import { testDelivery, testEnvironment } from "../testing/test-context.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { buildGraph } from "./graph.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const base = { stability: "development", summary: "A test.", config: z.looseObject({}), example: "{}" } as const;
const LARGE = traces({ spans: Array.from({ length: 2000 }, (_, index) => ({ name: `a span with the number ${index}` })) }).encode();
const DOWN = PipelineError.unavailable("down");

function processor(borrows: boolean, component: Processor = { process: (batch) => batch }): ProcessorDefinition {
  return defineProcessor({ ...base, type: "pass", signals: SIGNALS, borrows, create: () => component });
}

const connector: ConnectorDefinition = defineConnector({
  ...base,
  type: "pass",
  pairs: [["traces", "traces"]],
  create: () => ({ operator: map((delivery) => delivery) }),
});

interface Way {
  readonly processors?: readonly ProcessorDefinition[];
  readonly connector?: ConnectorDefinition;
  readonly sinks?: readonly ExporterDefinition[];
  readonly config?: object;
}

const borrower = (send?: (batch: Batch) => Promise<void> | void): ExporterDefinition => ({ ...fakeSink(send).definition, borrows: true });

/** Whether a request whose memory is its own has been given back when it has gone that way. */
async function isReleased({ processors = [], connector: joint, sinks = [borrower()], config = {} }: Way): Promise<boolean> {
  const source = fakeSource();
  const clock = new VirtualClock();
  const processorIds = processors.map((_, index) => `pass/${index}`);
  const exporters = sinks.map((_, index) => `test_sink/${index}`);
  const out = { signal: "traces" as const, processors: processorIds, exporters };
  const graph = buildGraph(
    {
      receivers: [{ id: "test_source", definition: source.definition, config: {} }],
      processors: processors.map((definition, index) => ({ id: `pass/${index}`, definition, config: {} })),
      connectors: joint === undefined ? [] : [{ id: "pass", definition: joint, config: {} }],
      exporters: sinks.map((definition, index) => ({ id: `test_sink/${index}`, definition, config })),
      extensions: [],
      pipelines:
        joint === undefined
          ? [{ id: "traces", receivers: ["test_source"], ...out }]
          : [
              { id: "traces/in", signal: "traces", receivers: ["test_source"], processors: [], exporters: ["pass"] },
              { id: "traces/out", receivers: ["pass"], ...out },
            ],
    },
    testEnvironment({ clock }),
  );
  await graph.start();
  const bytes = LARGE.slice();
  const delivery = testDelivery<Batch>(openBatch("traces", bytes, { owned: true }));
  source.push(delivery);
  await clock.advance(60_000);
  expect(delivery.outcomes).toHaveLength(1);
  await graph.shutdown(AbortSignal.abort());
  return bytes.buffer.byteLength === 0;
}

describe("the memory of a batch that has been sent is given back", () => {
  it.each<[string, Way]>([
    ["straight to an exporter that borrows it", {}],
    ["through a queue in memory", { config: { sending_queue: queueField.parse({}) } }],
    ["through processors that borrow it", { processors: [processor(true), processor(true)] }],
    ["with what edits wrote", { processors: [processor(true, { process: rename })] }],
  ])("%s", async (_, way) => {
    expect(await isReleased(way)).toBe(true);
  });
});

describe("the memory of a batch is left alone", () => {
  const retry = { retry_on_failure: retryField.parse({}) };
  const failOnce = (): ((batch: Batch) => void) => {
    let tries = 0;
    return () => {
      tries += 1;
      if (tries === 1) throw DOWN;
    };
  };

  it.each<[string, Way]>([
    ["by an exporter that may keep it", { sinks: [fakeSink().definition] }],
    ["by a processor that may keep it", { processors: [processor(true), processor(false)] }],
    ["by a connector", { connector }],
    ["by exporters that both have it", { sinks: [borrower(), borrower()] }],
    ["where it could not be sent", { sinks: [borrower(() => Promise.reject(PipelineError.invalid("no")))] }],
    ["where a try before the last may still be reading it", { sinks: [borrower(failOnce())], config: retry }],
  ])("%s", async (_, way) => {
    expect(await isReleased(way)).toBe(false);
  });
});

it("a copy that a full queue made of a sampled batch is left to an exporter that may keep it", async () => {
  const source = fakeSource();
  const clock = new VirtualClock();
  const sink = fakeSink(() => new Promise((resolve) => clock.setTimeout(resolve, 1000)));
  const tenth = processor(true, { process: (batch) => batch.filter(({ index }) => index % 10 === 0) });
  const graph = buildGraph(
    {
      receivers: [{ id: "test_source", definition: source.definition, config: {} }],
      processors: [{ id: "pass", definition: tenth, config: {} }],
      connectors: [],
      exporters: [{ id: "test_sink", definition: sink.definition, config: { sending_queue: queueField.parse({ num_consumers: 1 }) } }],
      extensions: [],
      pipelines: [{ id: "traces", signal: "traces", receivers: ["test_source"], processors: ["pass"], exporters: ["test_sink"] }],
    },
    testEnvironment({ clock }),
  );
  await graph.start();
  const large = traces({ spans: Array.from({ length: 2000 }, (_, index) => ({ name: `${index}`.repeat(200) })) }).encode();
  for (let at = 0; at < 2; at += 1) source.push(testDelivery<Batch>(openBatch("traces", large.slice(), { owned: true })));
  await clock.advance(60_000);
  const [first, copied] = sink.batches.map((batch) => Buffer.from(batch.encode()));
  expect(copied?.equals(first!)).toBe(true);
  await graph.shutdown(AbortSignal.abort());
});

function rename(batch: Batch): Batch {
  return batch.signal === "traces" ? batch.edit({ item: (span) => void (span.name = "changed") }) : batch;
}
