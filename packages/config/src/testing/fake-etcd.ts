interface Version {
  readonly value: string | undefined;
  readonly revision: number;
}

/** An etcd v3 with one key, as its JSON gateway shows it. `fetch` is its only door. */
export class FakeEtcd {
  readonly #history: Version[] = [];
  #revision = 1;
  #compacted = 0;
  readonly #watches = new Set<ReadableStreamDefaultController<Uint8Array>>();
  /** Nobody answers. */
  isDown = false;
  /** Ranges are answered, watches are not. */
  refusesWatches = false;
  /** What watches asked to begin with. */
  readonly starts: number[] = [];
  ranges = 0;

  put(value: string | undefined): void {
    this.#revision += 1;
    const version = { value, revision: this.#revision };
    this.#history.push(version);
    for (const watch of this.#watches) send(watch, eventsOf([version]));
  }

  /** Changes elsewhere in the store. */
  bump(): void {
    this.#revision += 1;
  }

  /** Forgets everything before this moment. */
  compact(): void {
    this.#compacted = this.#revision;
  }

  /** Ends all connections. */
  cut(): void {
    for (const watch of this.#watches) watch.error(new Error("the connection was reset"));
    this.#watches.clear();
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (this.isDown) throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    const body = JSON.parse(init?.body as string) as { create_request?: { start_revision: string } };
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (pathname === "/v3/kv/range") return this.#range();
    if (this.refusesWatches) return new Response("", { status: 501 });
    return this.#watch(Number(body.create_request?.start_revision), init?.signal ?? undefined);
  };

  #range(): Response {
    this.ranges += 1;
    const last = this.#history.at(-1);
    const header = { revision: String(this.#revision) };
    if (last?.value === undefined) return Response.json({ header });
    return Response.json({ header, kvs: [{ value: btoa(last.value), mod_revision: String(last.revision) }], count: "1" });
  }

  #watch(start: number, signal: AbortSignal | undefined): Response {
    this.starts.push(start);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        send(controller, { result: { header: {}, created: true } });
        if (start <= this.#compacted) {
          send(controller, { result: { header: {}, canceled: true, compact_revision: String(this.#compacted) } });
          controller.close();
          return;
        }
        const missed = this.#history.filter(({ revision }) => revision >= start);
        if (missed.length > 0) send(controller, eventsOf(missed));
        this.#watches.add(controller);
        signal?.addEventListener("abort", () => {
          if (this.#watches.delete(controller)) controller.error(new Error("aborted"));
        });
      },
    });
    return new Response(body);
  }
}

function eventsOf(versions: readonly Version[]): object {
  const events = versions.map(({ value, revision }) => ({
    ...(value === undefined ? { type: "DELETE" } : {}),
    kv: { ...(value === undefined ? {} : { value: btoa(value) }), mod_revision: String(revision) },
  }));
  return { result: { header: {}, events } };
}

function send(to: ReadableStreamDefaultController<Uint8Array>, message: object): void {
  to.enqueue(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
}
