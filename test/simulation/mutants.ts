import type { DurableQueue, Exporter, Storage } from "@tidemark/core";
import type { SimulationOptions } from "./run-seed.ts";
import type { Configuration } from "./scenario.ts";

/** A wrong world, in which promises are broken in one way. The simulation must find out. */
export interface Mutant {
  readonly name: string;
  readonly change: Pick<SimulationOptions, "storage" | "exporter" | "configuration">;
}

/** `opened` counts how often the process has opened it: from the second time on after a reload. */
function withQueue(change: (queue: DurableQueue, opened: number) => Partial<DurableQueue>): (storage: Storage) => Storage {
  return (storage) => {
    let opened = 0;
    const openQueue = async (owner: string): Promise<DurableQueue> => {
      const queue = await storage.openQueue(owner);
      opened += 1;
      return {
        totals: queue.totals,
        append: (record) => queue.append(record),
        read: (after, count, mostBytes) => queue.read(after, count, mostBytes),
        remove: (ids) => queue.remove(ids),
        bury: (id, reason) => queue.bury(id, reason),
        buryRequest: (record, reason) => queue.buryRequest(record, reason),
        onReplayed: (listener) => queue.onReplayed(listener),
        close: () => queue.close(),
        ...change(queue, opened),
      };
    };
    return { openQueue, buryNew: (owner, record, reason) => storage.buryNew(owner, record, reason) };
  };
}

/** The exporter is told something else than its configuration says. */
function told(change: (queue: Configuration["exporter"]["sending_queue"]) => object): (configuration: Configuration) => Configuration {
  return (configuration) => {
    const { exporter } = configuration;
    return { ...configuration, exporter: { ...exporter, sending_queue: { ...exporter.sending_queue, ...change(exporter.sending_queue) } } };
  };
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
        read: async (after, count, mostBytes) => {
          const records = await queue.read(after, count, mostBytes);
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
        return { read: async (after, count, mostBytes) => (await queue.read(after, count, mostBytes)).filter(() => !now()) };
      }),
    },
  },
  {
    name: "gives records back out of order",
    change: {
      storage: withQueue((queue) => ({
        read: async (after, count, mostBytes) => (await queue.read(after, count, mostBytes)).toReversed(),
      })),
    },
  },
  { name: "sends twice", change: { exporter: (real) => twice(real) } },
  { name: "reports a delivery that failed", change: { exporter: (real) => hopeful(real) } },
  { name: "keeps quiet about items that the far side threw away", change: { exporter: (real) => quiet(real) } },
  {
    name: "acknowledges what the full disk did not take",
    change: { storage: withQueue((queue) => ({ append: (record) => queue.append(record).catch(() => 1_000_000) })) },
  },
  {
    name: "throws dead letters away that were joined or cut",
    change: { storage: withQueue(() => ({ buryRequest: () => Promise.resolve() })) },
  },
  {
    name: "begins with an empty queue after a reload",
    change: {
      storage: withQueue((queue, opened) => {
        if (opened === 1) return {};
        const emptied = queue
          .read(0, 1000)
          .then((records) => queue.remove(records.map(({ id }) => id)))
          .catch(() => undefined);
        return { read: (after, count, mostBytes) => emptied.then(() => queue.read(after, count, mostBytes)) };
      }),
    },
  },
  {
    name: "lets a queue go at a reload before it has forgotten what was delivered",
    change: { storage: withQueue((queue) => ({ remove: async (ids) => void later(() => queue.remove(ids)) })) },
  },
  {
    name: "sends to more places at a time than it may",
    change: { configuration: told(({ num_consumers: most }) => ({ num_consumers: most + 2 })) },
  },
  { name: "refuses when it should let wait", change: { configuration: told(() => ({ block_on_overflow: false })) } },
  { name: "answers before the result is known", change: { configuration: told(() => ({ wait_for_result: false })) } },
  {
    name: "joins what headers separate",
    change: {
      configuration: told(({ batch }) => (batch === undefined ? {} : { batch: { ...batch, partition: { metadata_keys: [] } } })),
    },
  },
];

/** After some turns of the event loop, which the virtual clock does not count. */
async function later(work: () => Promise<void>): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  await work().catch(() => undefined);
}

function twice(real: Exporter): Exporter {
  return {
    async send(batch, context) {
      await real.send(batch, context);
      await real.send(batch, context);
    },
  };
}

function quiet(real: Exporter): Exporter {
  return { send: (batch, context) => real.send(batch, { ...context, rejected: () => undefined }) };
}

function hopeful(real: Exporter): Exporter {
  return { send: async (batch, context) => real.send(batch, context)?.catch(() => undefined) };
}
