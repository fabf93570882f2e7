import { createSettlement, type ComponentContext, type Delivery, type DeliveryContext } from "@tidemark/core";
import { batchFromJson, openBatch, type Batch, type Signal } from "@tidemark/otlp";
import { Subject } from "rxjs";
import { ByteBudget } from "../../transport/byte-budget.ts";
import { decompress, type ContentEncoding } from "../../transport/compression.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { answerOf, errorAnswer, OVERLOADED, SHUTTING_DOWN, SUCCESS, tooLargeAnswer, type Answer } from "./answer.ts";
import type { RequestCounter } from "./request-counter.ts";

/** A complete request. Both protocols hand theirs over in this form; the object is the exchange itself, so nothing is made per request. */
export interface Submission {
  readonly signal: Signal;
  readonly json: boolean;
  /** As it came over the wire; taken away when it has become a batch. */
  body: Buffer;
  readonly encoding: ContentEncoding | undefined;
  readonly transport: "grpc" | "http";
  readonly metadata: ReadonlyMap<string, readonly string[]> | undefined;
  /** Bytes taken from the budget so far; given back with the answer. */
  charged: number;
  /** Called exactly once. The client may be gone. */
  answer(answer: Answer): void;
}

const TAKEN = Buffer.alloc(0);

/** Turns complete requests into deliveries, and what became of them into answers. */
export class Intake {
  readonly deliveries: Subject<Delivery> = new Subject<Delivery>();
  readonly budget: ByteBudget;
  readonly counter: RequestCounter;
  readonly #context: ComponentContext;
  #closed = false;

  constructor(maxInFlightBytes: number, counter: RequestCounter, context: ComponentContext) {
    this.budget = new ByteBudget(maxInFlightBytes);
    this.counter = counter;
    this.#context = context;
  }

  /** From now on nothing enters the pipelines. */
  close(): void {
    this.#closed = true;
    this.deliveries.complete();
  }

  /** Unpacks, decodes and sends a request into the pipelines; answers it when it is settled. `limit` bounds the unpacked size. */
  submit(request: Submission, limit: number): void {
    if (request.encoding === undefined) return this.#decode(request, request.body, undefined);
    decompress(request.encoding, request.body, limit, (fault, bytes) => {
      if (fault?.kind === "too_large") {
        return this.#finish(
          request,
          tooLargeAnswer(`received message after decompression larger than max (${limit} bytes); send smaller batches`),
        );
      }
      if (fault !== undefined) return this.#finish(request, errorAnswer(GRPC.INVALID_ARGUMENT, fault.message));
      if (!this.budget.tryGrow(request.charged, bytes.length)) return this.#finish(request, OVERLOADED);
      request.charged += bytes.length;
      this.#decode(request, bytes, request.encoding);
    });
  }

  #decode(request: Submission, bytes: Buffer, encoding: ContentEncoding | undefined): void {
    if (this.#closed) return this.#finish(request, SHUTTING_DOWN);
    let batch: Batch;
    try {
      if (request.json) batch = batchFromJson(request.signal, bytes);
      else if (encoding === undefined) batch = openBatch(request.signal, bytes);
      else batch = openBatch(request.signal, bytes, { compressed: { encoding, bytes: request.body } });
    } catch (error) {
      return this.#finish(request, errorAnswer(GRPC.INVALID_ARGUMENT, error instanceof Error ? error.message : String(error)));
    }
    // An HTTP/2 stream outlives many young collections; what it still refers to would grow old with it and cost full ones.
    request.body = TAKEN;
    if (batch.itemCount === 0) return this.#finish(request, SUCCESS);
    this.#deliver(request, batch, batch.itemCount);
  }

  #deliver(request: Submission, batch: Batch, items: number): void {
    const settlement = createSettlement((outcome) => this.#finish(request, answerOf(outcome, items)));
    const receivedAt = this.#context.clock.now();
    const context: DeliveryContext =
      request.metadata === undefined
        ? { receivedAt, transport: request.transport }
        : { receivedAt, transport: request.transport, metadata: request.metadata };
    this.deliveries.next({ batch, settlement, context });
  }

  #finish(request: Submission, answer: Answer): void {
    this.budget.give(request.charged);
    request.charged = 0;
    this.counter.count(request.transport, answer);
    request.answer(answer);
  }
}
