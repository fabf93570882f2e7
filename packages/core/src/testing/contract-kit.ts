import type { Batch, Signal } from "@tidemark/otlp";
import type { ComponentDefinition } from "../contract/component.ts";
import type { ContractFixture } from "./contract-fixture.ts";
import { exporterCases } from "./contract-exporter.ts";
import { receiverCases } from "./contract-receiver.ts";
import { definitionCases } from "./contract-definition.ts";
import { streamCases } from "./contract-stream.ts";

/** One promise of the component contract, as a test: `run` rejects with the reason when it is broken. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/** What the kit needs beside the definition. */
export interface ContractOptions {
  /** Reads the YAML of `definition.example`. */
  readonly parse: (yaml: string) => unknown;
  /** Makes a batch of `items` items. */
  readonly batch: (signal: Signal, items: number) => Batch;
  /** For components that talk to a peer. */
  readonly fixture?: ContractFixture;
}

/**
 * The tests that every component passes without writing them: the definition documents itself, shutdown works at any
 * moment, every batch is settled exactly once, nothing is lost before shutdown and nothing happens after it, and the
 * books balance.
 */
export function contractCases(definition: ComponentDefinition, options: ContractOptions): readonly ContractCase[] {
  const common = definitionCases(definition, options);
  switch (definition.kind) {
    case "receiver":
      return [...common, ...receiverCases(definition, options)];
    case "exporter":
      return [...common, ...exporterCases(definition, options)];
    case "processor":
    case "connector":
      return [...common, ...streamCases(definition, options)];
    case "extension":
      return common;
  }
}
