import type { LedgerSnapshot } from "./ledger.ts";
import { PastBooks } from "./past-books.ts";

/** The books of several graphs with the same nodes in one: rows of the same name are added up. The keys say in the violations whose they are. */
export function mergeLedgers(ledgers: ReadonlyMap<string, LedgerSnapshot>): LedgerSnapshot {
  const all = [...ledgers];
  const none = new PastBooks();
  return {
    nodes: none.withNodes(all.flatMap(([, { nodes }]) => nodes)),
    edges: none.withEdges(all.flatMap(([, { edges }]) => edges)),
    violations: all.flatMap(([name, { violations }]) => violations.map((violation) => `${name}: ${violation}`)),
  };
}
