import { EtcdClient, parseEtcdUri } from "./etcd-client.ts";
import type { ConfigProvider, ProviderIo } from "./provider.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A connection can be dead without a sign: the key is read this often although it is watched. */
const LOOK_MS = 30_000;

/** `etcd://host:2379/key` and `etcds:`: the value of one key, watched by a stream; while that cannot be had, the key is polled. */
export class EtcdProvider implements ConfigProvider {
  readonly schemes: readonly string[] = ["etcd", "etcds"];
  readonly #io: ProviderIo;
  /** What `read` has given last, by URI: the watch goes on from there. */
  readonly #revisions = new Map<string, { mod: number; store: number }>();

  constructor(io: ProviderIo) {
    this.#io = io;
  }

  async read(uri: string): Promise<string> {
    const place = parseEtcdUri(uri);
    const { text, modRevision, revision } = await new EtcdClient(this.#io, place).range();
    if (text === undefined) throw new Error(`there is no key ${place.key}`);
    this.#revisions.set(uri, { mod: modRevision, store: revision });
    return text;
  }

  watch(uri: string, changed: () => void): () => void {
    const over = new AbortController();
    const watcher = new KeyWatcher(
      this.#io,
      new EtcdClient(this.#io, parseEtcdUri(uri)),
      this.#revisions.get(uri) ?? { mod: 0, store: 0 },
      changed,
    );
    void watcher.run(over.signal);
    return () => over.abort();
  }
}

/** Tells of each version of a key once, over all connections. */
class KeyWatcher {
  readonly #io: ProviderIo;
  readonly #client: EtcdClient;
  readonly #changed: () => void;
  #mod: number;
  /** Everything up to this revision of the store is known. */
  #known: number;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(io: ProviderIo, client: EtcdClient, from: { readonly mod: number; readonly store: number }, changed: () => void) {
    this.#io = io;
    this.#client = client;
    this.#mod = from.mod;
    this.#known = from.store;
    this.#changed = changed;
  }

  /** Ends when `over` aborts. Never rejects. */
  async run(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      try {
        await this.#watch(over);
        this.#pauseMs = FIRST_PAUSE_MS;
      } catch {
        if (over.aborted) return;
        await this.#pause(this.#pauseMs, over);
        this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
      }
      if (!over.aborted) await this.#look(over).catch(() => undefined);
    }
  }

  /** One connection; ends at `LOOK_MS`, or when the store has forgotten where it was to begin. */
  async #watch(over: AbortSignal): Promise<void> {
    const look = new AbortController();
    const timer = this.#io.clock.setTimeout(() => look.abort(), LOOK_MS);
    try {
      for await (const message of this.#client.watch(this.#known + 1, AbortSignal.any([over, look.signal]))) {
        if (message.kind === "cancelled") throw new Error(message.reason);
        if (message.kind === "compacted") return;
        this.#pauseMs = FIRST_PAUSE_MS;
        if (message.kind === "changed") this.#saw(message.modRevision, message.revision, over);
      }
    } catch (caught) {
      if (!look.signal.aborted) throw caught;
    } finally {
      timer.cancel();
    }
  }

  /** Asks for the present value: finds what was missed, and where the next watch begins. */
  async #look(over: AbortSignal): Promise<void> {
    const { modRevision, revision } = await this.#client.range();
    // A store that was set up anew counts from the start again.
    if (revision < this.#known) this.#mod = this.#known = 0;
    this.#saw(modRevision, revision, over);
  }

  #saw(mod: number, store: number, over: AbortSignal): void {
    this.#known = Math.max(this.#known, store);
    if (mod === this.#mod || over.aborted) return;
    this.#mod = mod;
    this.#changed();
  }

  #pause(ms: number, over: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#io.clock.setTimeout(resolve, ms);
      over.addEventListener("abort", () => {
        timer.cancel();
        resolve();
      });
    });
  }
}
