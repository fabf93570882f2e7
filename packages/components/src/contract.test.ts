import { existsSync } from "node:fs";
import type { Batch, Signal } from "@tidemark/otlp";
import type { Registry } from "@tidemark/core";
import { contractCases, type ContractFixture } from "@tidemark/core/testing";
import { logs, metrics, traces } from "@tidemark/otlp/testing";
import { describe, it } from "vitest";
import { parse } from "yaml";
import { registry } from "./index.ts";

/** The contract of every registered component; a component folder needs no line here. */
const kinds: readonly (keyof Registry)[] = ["receivers", "processors", "connectors", "exporters", "extensions"];

for (const kind of kinds) {
  for (const entry of registry[kind]) {
    const definition = await entry.load();
    const fixtureUrl = new URL(`${kind}/${entry.type}/contract-fixture.ts`, import.meta.url);
    const fixture = existsSync(fixtureUrl)
      ? ((await import(/* @vite-ignore */ fixtureUrl.href)) as { contractFixture: ContractFixture }).contractFixture
      : undefined;
    describe(`${kind}/${entry.type}`, () => {
      for (const { name, run } of contractCases(definition, { parse, batch, ...(fixture === undefined ? {} : { fixture }) })) it(name, run);
    });
  }
}

function batch(signal: Signal, items: number): Batch {
  const each = Array.from({ length: items }, (_, index) => index);
  const resource = { "service.name": "checkout" };
  if (signal === "traces")
    return traces({ resource, spans: each.map((index) => ({ name: `op ${index}`, attributes: { room_id: `room-${index}` } })) });
  if (signal === "logs") return logs({ resource, records: each.map((index) => ({ body: `line ${index}` })) });
  return metrics({ resource, metrics: [{ name: "load", gauge: each.map((index) => ({ value: index, attributes: { part: index } })) }] });
}
