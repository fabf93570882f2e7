import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@tidemark/core/testing";
import type { Random } from "@tidemark/core";
import { grpcSender, httpSender, type OtlpSender, type Refusal } from "../lib/otlp-senders.ts";
import { buildRequest, idOffsets, writeId, type Signal } from "../lib/payload.ts";
import type { Books } from "./books.ts";

/** Items of one request. */
export const REQUEST_ITEMS = 10;

const CONNECTIONS = 4;
const LONGEST_PAUSE_MS = 12;
const AFTER_NO_ANSWER_MS = 25;
/** A client that has waited for this long was forgotten. */
const PATIENCE_MS = 20_000;

/** How the collector answered. */
export interface Answers {
  acknowledged: number;
  /** With an answer that allows to come again. */
  refused: number;
  /** Of them, those that do not say when. */
  withoutTime: number;
  /** No answer: the collector was not there, or ended. */
  unanswered: number;
  /** Answers that do not allow to come again, by answer. */
  readonly wrong: Record<string, number>;
}

/** Clients of a collector that may go away at any time: each sends one request after the other and never the same one twice. */
export class Load {
  readonly answers: Answers = { acknowledged: 0, refused: 0, withoutTime: 0, unanswered: 0, wrong: {} };
  readonly #books: Books;
  readonly #random: Random;
  readonly #longestPauseMs: number;
  readonly #senders: readonly { readonly sender: OtlpSender; readonly signal: Signal }[];
  readonly #next: number[];
  #isRunning = false;
  #workers: Promise<void>[] = [];
  #open = 0;

  /** Traces and metrics over HTTP, logs over gRPC; `signals` leaves some out. `isEager` clients do not pause between two requests. */
  constructor(
    target: { readonly http: string; readonly grpc: string },
    books: Books,
    random: Random,
    { signals = ["traces", "metrics", "logs"], isEager = false }: { readonly signals?: readonly Signal[]; readonly isEager?: boolean } = {},
  ) {
    this.#books = books;
    this.#random = random;
    this.#longestPauseMs = isEager ? 0 : LONGEST_PAUSE_MS;
    this.#senders = signals.map((signal) => ({
      signal,
      sender: signal === "logs" ? grpcSender(target.grpc, signal) : httpSender(target.http, signal, CONNECTIONS),
    }));
    this.#next = this.#senders.map(() => 0);
  }

  start(): void {
    this.#isRunning = true;
    this.#workers = this.#senders.flatMap((_, index) => Array.from({ length: CONNECTIONS }, () => this.#work(index)));
  }

  /** Resolves when all clients have their answers, with the number of those that never got one. */
  async stop(): Promise<number> {
    this.#isRunning = false;
    await Promise.race([Promise.all(this.#workers), sleep(PATIENCE_MS, undefined, { ref: false })]);
    return this.#open;
  }

  close(): void {
    this.#isRunning = false;
    for (const { sender } of this.#senders) sender.close();
  }

  async #work(index: number): Promise<void> {
    const { sender, signal } = this.#senders[index] ?? raise("no such sender");
    const body = buildRequest({ signal, items: REQUEST_ITEMS, random: seededRandom(index + 1) });
    const offsets = idOffsets(body);
    while (this.#isRunning) {
      const from = this.#next[index] ?? 0;
      this.#next[index] = from + REQUEST_ITEMS;
      for (const [at, offset] of offsets.entries()) writeId(body, offset, index + 1, from + at);
      this.#open += 1;
      const refusal = await sender.send(body);
      this.#open -= 1;
      if (refusal === undefined) this.#books.acknowledge([index + 1, from, from + REQUEST_ITEMS]);
      await sleep(this.#note(refusal) + this.#random() * this.#longestPauseMs);
    }
  }

  /** Gives the milliseconds to wait before the next request. */
  #note(refusal: Refusal | undefined): number {
    if (refusal === undefined) {
      this.answers.acknowledged += REQUEST_ITEMS;
      return 0;
    }
    const { answer, retryable, saysWhen } = refusal;
    if (!/^(HTTP|grpc-status) \d/.test(answer)) {
      this.answers.unanswered += 1;
      return AFTER_NO_ANSWER_MS;
    }
    if (!retryable) this.answers.wrong[answer] = (this.answers.wrong[answer] ?? 0) + 1;
    else {
      this.answers.refused += 1;
      if (!saysWhen) this.answers.withoutTime += 1;
    }
    return AFTER_NO_ANSWER_MS;
  }
}

function raise(message: string): never {
  throw new Error(message);
}
