import { messageOf, PipelineError, type ComponentContext } from "@tidemark/core";
import type { Balancer } from "../../transport/balancer.ts";
import type { GrpcChannel } from "./grpc-channel.ts";
import type { Target } from "./target.ts";

/** grpc-go asks the name server no more often than this. */
const RESOLVE_EVERY_MS = 30_000;

/** All addresses of a host. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** What endpoints are made from. */
export interface EndpointsOptions {
  readonly targets: readonly Target[];
  readonly balancer: Balancer<GrpcChannel>;
  readonly open: (target: Target, address: string | undefined) => GrpcChannel;
  readonly resolve: Resolve;
  readonly context: Pick<ComponentContext, "clock" | "log">;
}

interface Group {
  readonly target: Target;
  /** By address; one without an address where the system finds it. */
  readonly channels: Map<string | undefined, GrpcChannel>;
}

/** The channels to all endpoints. Names are asked for again while there is something to send, at most every half minute. */
export class GrpcEndpoints {
  readonly #options: EndpointsOptions;
  readonly #groups: readonly Group[];
  readonly #hasNames: boolean;
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #resolving: Promise<void> | undefined;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#groups = options.targets.map((target) => ({
      target,
      channels: new Map(target.resolves ? [] : [[undefined, options.open(target, undefined)]]),
    }));
    this.#hasNames = options.targets.some(({ resolves }) => resolves);
    this.#publish();
  }

  /** Undefined when there are channels to choose from now. Else wait for it; it rejects when no name has an address. */
  ready(): Promise<void> | undefined {
    if (!this.#hasNames) return undefined;
    const { clock } = this.#options.context;
    if (this.#resolving === undefined && clock.now() - this.#resolvedAt >= RESOLVE_EVERY_MS) {
      this.#resolving = this.#resolveAll().finally(() => (this.#resolving = undefined));
      this.#resolving.catch(() => undefined);
    }
    return this.#groups.some(({ channels }) => channels.size > 0) ? undefined : (this.#resolving ?? this.#resolveAll());
  }

  close(): void {
    for (const { channels } of this.#groups) for (const channel of channels.values()) channel.close();
  }

  async #resolveAll(): Promise<void> {
    const { clock } = this.#options.context;
    const failures = await Promise.all(this.#groups.filter(({ target }) => target.resolves).map((group) => this.#resolve(group)));
    this.#publish();
    if (this.#groups.some(({ channels }) => channels.size > 0)) {
      this.#resolvedAt = clock.now();
      return;
    }
    throw PipelineError.unavailable(failures.filter((failure) => failure !== undefined).join("; "));
  }

  /** What went wrong, if anything. A name that has no addresses now keeps those it had. */
  async #resolve({ target, channels }: Group): Promise<string | undefined> {
    let addresses: readonly string[] = [];
    let failure = `${target.host} has no address`;
    try {
      addresses = await this.#options.resolve(target.host);
    } catch (error) {
      failure = `cannot resolve ${target.host}: ${messageOf(error)}`;
    }
    if (addresses.length === 0) {
      this.#options.context.log.warn("The addresses of an endpoint could not be found", { endpoint: target.host, error: failure });
      return failure;
    }
    for (const [address, channel] of channels) {
      if (address !== undefined && addresses.includes(address)) continue;
      channels.delete(address);
      channel.drain();
    }
    for (const address of addresses) if (!channels.has(address)) channels.set(address, this.#options.open(target, address));
    return undefined;
  }

  #publish(): void {
    this.#options.balancer.setMembers(this.#groups.flatMap(({ channels }) => [...channels.values()]));
  }
}
