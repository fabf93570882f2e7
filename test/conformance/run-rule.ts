import { messageOf } from "@tidemark/core";
import type { Transport } from "../lib/otlp-client.ts";
import type { Signal } from "../lib/payload.ts";
import { Cell } from "./cell.ts";
import type { Rule } from "./rule.ts";
import type { Subject } from "./subject.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];

/** Tests a rule over one transport with each of its signals; rejects with what went wrong, signal by signal. */
export async function runRule(rule: Rule, transport: Transport, subject: Subject): Promise<void> {
  const test = async (signal: Signal): Promise<string | undefined> => {
    try {
      await rule.check?.(new Cell(subject, transport, signal));
      return undefined;
    } catch (error) {
      return `${signal}: ${messageOf(error)}`;
    }
  };
  const signals = rule.signals ?? SIGNALS;
  const found: (string | undefined)[] = [];
  if (rule.alone === true) for (const signal of signals) found.push(await test(signal));
  else found.push(...(await Promise.all(signals.map(test))));
  const faults = found.filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new Error(faults.join("\n"));
}
