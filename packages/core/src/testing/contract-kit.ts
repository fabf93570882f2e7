import type { ComponentDefinition } from "../contract/component.ts";
import type { ContractCase, ContractOptions } from "./contract-case.ts";
import { exporterCases } from "./contract-exporter.ts";
import { extensionCases } from "./contract-extension.ts";
import { receiverCases } from "./contract-receiver.ts";
import { definitionCases } from "./contract-definition.ts";
import { streamCases } from "./contract-stream.ts";

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
      return [...common, ...extensionCases(definition, options)];
  }
}
