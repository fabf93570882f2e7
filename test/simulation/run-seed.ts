import { PipelineError, type Exporter, type Random, type Storage } from "@tidemark/core";
import { MemoryStorage, seededRandom } from "@tidemark/core/testing";
import { SimClient, type ClientBooks } from "./client.ts";
import { itemsOfRecord } from "./items.ts";
import { SimNetwork } from "./network.ts";
import { judge } from "./oracle.ts";
import { between } from "../lib/random.ts";
import { drawScenario, type Configuration, type Reload, type Scenario } from "./scenario.ts";
import { settled, SimClock } from "./sim-clock.ts";
import { OWNER, SimulatedProcess } from "./simulated-process.ts";
import { noTrace, type Trace } from "./trace.ts";

/** Time that a healthy world gets to send everything that is left. */
const PATIENCE_MS = 15 * 60_000;

/** Changes to the world that a mutation test makes. */
export interface SimulationOptions {
  readonly seed: number;
  readonly trace?: (line: string) => void;
  readonly storage?: (storage: Storage) => Storage;
  readonly exporter?: (exporter: Exporter) => Exporter;
  readonly configuration?: (configuration: Configuration) => Configuration;
}

/** What a run shows. */
export interface SimulationResult {
  readonly seed: number;
  readonly mode: Scenario["mode"];
  /** Empty when everything was as promised. */
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly repeated: number;
  readonly deaths: number;
  /** What the books of all lives of the process say. */
  readonly booked: { readonly lost: number; readonly rejected: number; readonly deadLettered: number; readonly restored: number };
  /** What has happened, and how often. */
  readonly met: ReadonlyMap<string, number>;
}

/** Runs one seed from the beginning to the judgement: always the same way. */
export async function runSeed(options: SimulationOptions): Promise<SimulationResult> {
  return new World(options).run();
}

class World {
  readonly #options: SimulationOptions;
  readonly #clock = new SimClock();
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #scenario: Scenario;
  readonly #network: SimNetwork;
  readonly #storage: MemoryStorage;
  readonly #clients: readonly SimClient[];
  readonly #books: ClientBooks = { acknowledged: new Set(), failed: new Set(), resent: new Map(), pushed: [], refusals: new Map() };
  readonly #leftBehind: Map<string, number> = new Map();
  readonly #replayed: Set<string> = new Set();
  readonly #booked = { lost: 0, rejected: 0, deadLettered: 0, restored: 0 };
  readonly #faults: string[] = [];
  /** What the next process is started with. */
  #configuration: Configuration;
  #process: SimulatedProcess | undefined;
  #isOpen = false;
  #isHealed = false;
  #isChanging = false;
  #deaths = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const startedAt = this.#clock.now();
    const { trace } = options;
    this.#trace =
      trace === undefined ? noTrace : (text) => trace(`${((this.#clock.now() - startedAt) / 1000).toFixed(3).padStart(9)} ${text()}`);
    // Seeds that follow one another give streams that begin alike; a few draws drive them apart.
    this.#random = seededRandom(Math.imul(options.seed + 1, 0x9e3779b1));
    for (let draw = 0; draw < 8; draw++) this.#random();
    this.#scenario = drawScenario(this.#random);
    this.#trace(() => JSON.stringify(this.#scenario));
    this.#network = new SimNetwork(this.#clock, this.#random, this.#trace, this.#scenario.separates);
    this.#configuration = this.#scenario.first;
    this.#storage = this.#disk();
    this.#clients = Array.from(
      { length: this.#scenario.clients },
      (_, id) =>
        new SimClient(id, this.#scenario.requests, {
          clock: this.#clock,
          random: this.#random,
          books: this.#books,
          metadata: this.#scenario.metadata,
          process: () => (this.#isOpen ? this.#process : undefined),
        }),
    );
  }

  async run(): Promise<SimulationResult> {
    const { crashes, restarts, replays, reloads, healedAt } = this.#scenario;
    this.#start();
    for (const at of crashes) this.#clock.setTimeout(() => this.#crash(), at);
    for (const at of restarts) this.#clock.setTimeout(() => void this.#restart(), at);
    for (const reload of reloads) this.#clock.setTimeout(() => void this.#reload(reload), reload.at);
    for (const at of replays) this.#clock.setTimeout(() => this.#replay(), at);
    this.#clock.setTimeout(() => this.#heal(), healedAt);
    const limit = this.#clock.now() + healedAt + PATIENCE_MS;
    const isDone = await this.#clock.run(limit, () => this.#check() || this.#isFinished());
    if (!isDone) this.#faults.push(this.#standstill());
    if (this.#faults.length === 0) await this.#end();
    const repeated = [...this.#network.arrived.values()].reduce((sum, count) => sum + count - 1, 0);
    return {
      seed: this.#options.seed,
      mode: this.#scenario.mode,
      faults: this.#faults,
      acknowledged: this.#books.acknowledged.size,
      repeated,
      deaths: this.#deaths,
      booked: this.#booked,
      met: this.#network.met,
    };
  }

  #disk(): MemoryStorage {
    return new MemoryStorage({
      clock: this.#clock,
      random: this.#random,
      latencyMs: () => (this.#isHealed || this.#random() < 0.9 ? between(this.#random, 0, 8) : between(this.#random, 100, 1500)),
      fault: (operation) =>
        !this.#isHealed && this.#scenario.storageFails && this.#random() < 0.08
          ? PipelineError.unavailable(`EIO in ${operation}`)
          : undefined,
      capacityBytes: () => (this.#isHealed ? Number.POSITIVE_INFINITY : this.#scenario.diskBytes),
    });
  }

  #start(): void {
    const { storage = (real) => real, exporter = (real) => real } = this.#options;
    const process = new SimulatedProcess(
      {
        clock: this.#clock,
        random: this.#random,
        trace: this.#trace,
        storage: storage(this.#storage),
        exporter: (consumers, isAlive) => exporter(this.#network.exporter(consumers, isAlive)),
        logged: (message) => this.#meet(message),
      },
      this.#configured(this.#configuration),
    );
    this.#process = process;
    process.graph.start().then(
      () => {
        if (process.isAlive) this.#isOpen = true;
      },
      () => {
        this.#meet("the storage does not open at the start");
        process.crash();
        this.#gone(process);
      },
    );
  }

  #configured(configuration: Configuration): Configuration {
    return this.#options.configuration?.(configuration) ?? configuration;
  }

  async #reload({ to, isPlan, drainMs }: Reload): Promise<void> {
    const process = this.#process;
    if (process === undefined || !this.#isOpen || this.#isChanging || this.#isHealed) return;
    this.#trace(() => `${isPlan ? "plan" : "reload"} ${JSON.stringify(to)}`);
    if (isPlan) {
      this.#meet("plan");
      process.plan(this.#configured(to));
      return;
    }
    const isDone = await process.reload(this.#configured(to), drainMs);
    this.#meet(isDone ? "reload" : "failed reload");
    if (process.isAlive) this.#reloaded(to, isDone);
  }

  #reloaded(to: Configuration, isDone: boolean): void {
    this.#trace(() => `the reload has ${isDone ? "taken over" : "failed"}`);
    if (isDone && to.isAway) this.#meet("exporter is away");
    if (isDone) this.#configuration = to;
    else if (!to.fails && !this.#isChanging && !this.#scenario.storageFails) this.#faults.push("a reload to a good configuration failed");
    // What the exporter before had sent a piece of only, or could not forget, the next one sends again.
    if (this.#scenario.mayJoin || this.#scenario.storageFails) this.#leaveBehind();
  }

  #meet(what: string): void {
    this.#network.met.set(what, (this.#network.met.get(what) ?? 0) + 1);
  }

  #crash(): void {
    const process = this.#process;
    if (process === undefined || this.#isHealed || this.#isChanging) return;
    this.#trace(() => "kill -9");
    this.#meet("kill");
    this.#deaths += 1;
    process.crash();
    this.#storage.crash();
    this.#leaveBehind();
    this.#gone(process);
  }

  async #restart(): Promise<void> {
    const process = this.#process;
    if (process === undefined || !this.#isOpen || this.#isChanging || this.#isHealed) return;
    this.#trace(() => "shutdown");
    this.#meet("shutdown");
    this.#isChanging = true;
    this.#isOpen = false;
    this.#deaths += 1;
    const deadline = new AbortController();
    this.#clock.setTimeout(() => deadline.abort(), between(this.#random, 0, 3000));
    await process.stop(deadline.signal);
    this.#isChanging = false;
    // A clean stop takes along what was delivered, unless a piece of it was not, or the disk fails.
    if (this.#scenario.mayJoin || this.#scenario.storageFails) this.#leaveBehind();
    this.#gone(process);
  }

  /** A process is gone: its clients know nothing, the books are closed, and the next one starts. */
  #gone(process: SimulatedProcess): void {
    this.#isOpen = false;
    this.#process = undefined;
    this.#close(process);
    for (const client of this.#clients) client.lost(process);
    if (this.#scenario.storageFails && this.#random() < 0.3) this.#damage();
    this.#clock.setTimeout(() => this.#start(), between(this.#random, 0, 1000));
  }

  #replay(): void {
    const letters = this.#storage.deadLetters(OWNER);
    this.#trace(() => `${letters.length} dead letters are replayed`);
    for (const { record } of letters) for (const item of itemsOfRecord(record)) this.#replayed.add(item);
    if (letters.length > 0) this.#meet("replay of dead letters");
    this.#storage.replay(OWNER);
  }

  #leaveBehind(): void {
    for (const record of this.#storage.records(OWNER))
      for (const item of itemsOfRecord(record)) this.#leftBehind.set(item, (this.#leftBehind.get(item) ?? 0) + 1);
  }

  #damage(): void {
    const records = this.#storage.records(OWNER);
    const victim = records[Math.floor(this.#random() * records.length)];
    if (victim === undefined) return;
    this.#trace(() => `bits of record ${victim.id} flip`);
    this.#meet("damaged record");
    this.#storage.damage(OWNER, victim.id);
  }

  #close(process: SimulatedProcess): void {
    for (const node of process.graph.ledger().nodes) {
      const { partly_rejected: rejected = 0, ...lost } = node.lost;
      this.#booked.rejected += rejected;
      this.#booked.lost += Object.values(lost).reduce((sum, items) => sum + items, 0);
      this.#booked.deadLettered += node.deadLettered;
      this.#booked.restored += node.restored;
    }
  }

  #heal(): void {
    this.#trace(() => "healed");
    this.#isHealed = true;
    this.#network.heal();
  }

  /** What an exporter has left in its storage is sent when it is there again. */
  #comeBack(): void {
    if (!this.#isHealed || !this.#isOpen || !this.#configuration.isAway || this.#isChanging) return;
    this.#meet("exporter is back");
    const to = { ...this.#configuration, isAway: false, fails: false };
    this.#configuration = to;
    void this.#process?.reload(this.#configured(to), 1000).then(() => this.#leaveBehind());
  }

  /** True when something is wrong already. */
  #check(): boolean {
    this.#comeBack();
    const violations = this.#process?.graph.ledger().violations ?? [];
    if (violations.length > 0) this.#faults.push(`the ledger does not balance: ${violations.join("; ")}`);
    return violations.length > 0;
  }

  #isFinished(): boolean {
    if (!this.#isHealed || !this.#isOpen || !this.#clients.every((client) => client.isDone)) return false;
    // What came back from the dead letters is in no books before it is read.
    return this.#held() === 0 && (this.#storage.totals(OWNER)?.records ?? 0) === 0;
  }

  #held(): number {
    return this.#process?.graph.ledger().nodes.reduce((sum, node) => sum + node.held, 0) ?? 0;
  }

  #standstill(): string {
    const open = this.#clients.flatMap((client) => client.open);
    return `nothing moves any more: ${this.#held()} items are held, unanswered are ${open.join(" ") || "none"}`;
  }

  async #end(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    let isStopped = false;
    this.#isOpen = false;
    void process.stop(new AbortController().signal).then(() => (isStopped = true));
    await settled();
    if (!isStopped && !(await this.#clock.run(this.#clock.now() + PATIENCE_MS, () => isStopped))) {
      this.#faults.push("the shutdown of an idle collector does not end");
      return;
    }
    this.#close(process);
    this.#faults.push(
      ...process.graph.ledger().violations,
      ...judge({
        scenario: this.#scenario,
        books: this.#books,
        network: this.#network,
        storage: this.#storage,
        lost: this.#booked.lost,
        rejected: this.#booked.rejected,
        leftBehind: this.#leftBehind,
        replayed: this.#replayed,
      }),
    );
  }
}
