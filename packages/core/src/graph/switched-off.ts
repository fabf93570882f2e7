import type { BatchFunction } from "../contract/component.ts";
import type { Logger } from "../contract/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { ChainBuilder } from "./chain-builder.ts";
import { Outlet } from "./entry-point.ts";
import type { Chain } from "./graph-parts.ts";

/** The reason in the books. */
const SWITCHED_OFF = "switched_off";

/** What stands before a pipeline that is switched off: a chain that lets nothing through, and counts it. */
export function switchedOff(node: NodeLedger, ledger: Ledger, log: Logger): Chain {
  const { key, id } = node.identity;
  const component: BatchFunction = {
    start: () => log.warn("This pipeline is switched off. What would enter it is dropped and counted."),
    process(batch) {
      node.drop(SWITCHED_OFF, batch.itemCount);
      return undefined;
    },
  };
  const builder = new ChainBuilder(ledger);
  builder.addProcessor(id, component, { ledger: node, alerts: new Outlet(), log, borrows: true });
  return builder.finish(key);
}
