import type { Batch, Signal } from "@tidemark/otlp";
import type { ContractFixture } from "./contract-fixture.ts";

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
