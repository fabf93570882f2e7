import type { Clock } from "../contract/clock.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import type { Peers, WorkerSlot } from "../contract/worker.ts";
import type { Awaiting, Exchange, OutgoingPart } from "./exchange.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerServer } from "./peer-server.ts";

/** Bytes from all other workers that may be unsettled here at one time. */
const MAX_RECEIVED_BYTES = 128 * 2 ** 20;
const ANSWER_MS = 500;

/** What an exchange needs. */
export interface SocketExchangeOptions {
  readonly slot: WorkerSlot;
  /** Where worker `index` listens: a path for a Unix socket. */
  readonly socketPath: (index: number) => string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Default 128 MiB. */
  readonly maxReceivedBytes?: number;
}

interface Question {
  readonly component: string;
  readonly question: unknown;
}

/** Joins worker processes over Unix sockets: each listens on its own, and connects to the others when it has something for them. */
export class SocketExchange implements Exchange {
  readonly slot: WorkerSlot;
  readonly #options: SocketExchangeOptions;
  readonly #server: PeerServer;
  readonly #links: readonly (PeerLink | undefined)[];
  readonly #entries = new Map<string, (delivery: Delivery) => void>();
  readonly #replies = new Map<string, (question: unknown) => unknown>();

  constructor(options: SocketExchangeOptions) {
    const { slot, socketPath, clock, log, maxReceivedBytes = MAX_RECEIVED_BYTES } = options;
    this.slot = slot;
    this.#options = options;
    this.#links = Array.from({ length: slot.count }, (_, index) =>
      index === slot.index ? undefined : new PeerLink(index, socketPath(index), clock),
    );
    const answer = (question: unknown): unknown => this.#answer(question as Question);
    this.#server = new PeerServer({ entry: (node) => this.#entries.get(node), answer }, maxReceivedBytes, log);
  }

  /** Resolves when the others can connect. */
  start(): Promise<void> {
    return this.#server.listen(this.#options.socketPath(this.slot.index));
  }

  async close(): Promise<void> {
    for (const link of this.#links) link?.close();
    await this.#server.close();
  }

  send(owner: number, part: OutgoingPart, awaiting: Awaiting): void {
    const link = this.#links[owner];
    if (link === undefined) throw new Error(`worker ${owner} is none of the others`);
    link.send(part, awaiting);
  }

  attach(node: string, receive: (delivery: Delivery) => void): () => void {
    this.#entries.set(node, receive);
    return () => {
      if (this.#entries.get(node) === receive) this.#entries.delete(node);
    };
  }

  peers(component: string): Peers {
    return {
      answer: (reply) => void this.#replies.set(component, reply),
      ask: async (question) => {
        const asked: Question = { component, question };
        const others = this.#links.filter((link) => link !== undefined);
        const answers = await Promise.all(others.map((link) => this.#ask(link, asked)));
        return answers.filter((answer) => answer !== undefined && answer !== null);
      },
    };
  }

  #ask(link: PeerLink, question: Question): Promise<unknown> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(() => resolve(undefined), ANSWER_MS);
      link.ask(question, (answer) => {
        timer.cancel();
        resolve(answer);
      });
    });
  }

  #answer({ component, question }: Question): unknown {
    try {
      return this.#replies.get(component)?.(question);
    } catch (caught) {
      this.#options.log.warn("A question of another worker could not be answered.", { component, error: String(caught) });
      return undefined;
    }
  }
}
