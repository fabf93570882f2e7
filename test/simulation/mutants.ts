import type { DurableQueue, Exporter, Storage } from "@tidemark/core";
import type { SimulationOptions } from "./run-seed.ts";

/** A wrong world, in which promises are broken in one way. The simulation must find out. */
export interface Mutant {
  readonly name: string;
  readonly change: Pick<SimulationOptions, "storage" | "exporter">;
}

function withQueue(change: (queue: DurableQueue) => Partial<DurableQueue>): (storage: Storage) => Storage {
  return (storage) => ({
    openQueue: async (owner) => {
      const queue = await storage.openQueue(owner);
      return {
        totals: queue.totals,
        append: (record) => queue.append(record),
        read: (after, count) => queue.read(after, count),
        remove: (ids) => queue.remove(ids),
        bury: (id, reason) => queue.bury(id, reason),
        buryRequest: (record, reason) => queue.buryRequest(record, reason),
        onReplayed: (listener) => queue.onReplayed(listener),
        close: () => queue.close(),
        ...change(queue),
      };
    },
    buryNew: (owner, record, reason) => storage.buryNew(owner, record, reason),
  });
}

/** The `count`-th call of what this gives is another one. */
function every(count: number): () => boolean {
  let calls = 0;
  return () => ++calls % count === 0;
}

/** Ways in which a queue, a disk or an exporter could break their word. */
export const mutants: readonly Mutant[] = [
  {
    name: "acknowledges before the fsync",
    change: {
      storage: withQueue((queue) => {
        let last: Promise<number> | undefined;
        return {
          append: async (record) => {
            const stored = queue.append(record);
            stored.catch(() => undefined);
            if (last === undefined) return (last = stored);
            const id = (await last.catch(() => 0)) + 1;
            last = Promise.resolve(id);
            return id;
          },
        };
      }),
    },
  },
  {
    name: "removes what it has only read",
    change: {
      storage: withQueue((queue) => ({
        read: async (after, count) => {
          const records = await queue.read(after, count);
          await queue.remove(records.map(({ id }) => id));
          return records;
        },
      })),
    },
  },
  { name: "never removes what was delivered", change: { storage: withQueue(() => ({ remove: () => Promise.resolve() })) } },
  { name: "throws dead letters away", change: { storage: withQueue((queue) => ({ bury: (id) => queue.remove([id]) })) } },
  {
    name: "passes over a record when reading",
    change: {
      storage: withQueue((queue) => {
        const now = every(5);
        return { read: async (after, count) => (await queue.read(after, count)).filter(() => !now()) };
      }),
    },
  },
  {
    name: "gives records back out of order",
    change: { storage: withQueue((queue) => ({ read: async (after, count) => (await queue.read(after, count)).toReversed() })) },
  },
  { name: "sends twice", change: { exporter: (real) => twice(real) } },
  { name: "reports a delivery that failed", change: { exporter: (real) => hopeful(real) } },
];

function twice(real: Exporter): Exporter {
  return {
    async send(batch, context) {
      await real.send(batch, context);
      await real.send(batch, context);
    },
  };
}

function hopeful(real: Exporter): Exporter {
  return { send: async (batch, context) => real.send(batch, context)?.catch(() => undefined) };
}
