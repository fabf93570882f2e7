import type { Finding } from "../diagnostics/diagnostic.ts";
import type { Sections } from "../sections/sections.ts";
import { checkCapabilities } from "./check-capabilities.ts";
import { checkConnectors } from "./check-connectors.ts";
import { checkCycles } from "./check-cycles.ts";
import { checkReferences } from "./check-references.ts";
import { checkSignals } from "./check-signals.ts";

/** All that is wrong with how components are put together: a pure function over the parsed sections. */
export function checkTopology(sections: Sections): readonly Finding[] {
  return [checkReferences, checkSignals, checkConnectors, checkCycles, checkCapabilities].flatMap((check) => check(sections));
}
