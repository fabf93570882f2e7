import { createSettlement, type AuthData, type ComponentContext, type Delivery, type DeliveryContext } from "@tidemark/core";
import { batchFromJson, openBatch, type Batch, type Signal } from "@tidemark/otlp";
import { Subject } from "rxjs";
import { isAlone } from "../../transport/bodies/body-buffer.ts";
import { decompress, unpackedSize, type ContentEncoding } from "../../transport/bodies/compression.ts";
import { FairBudget } from "../../transport/bodies/fair-budget.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { answerOf, badDataAnswer, errorAnswer, OVERLOADED, SHUTTING_DOWN, SUCCESS, tooLargeAnswer, type Answer } from "./answer.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { RequestCounter } from "./request-counter.ts";

/** A complete request. Both protocols hand theirs over in this form; the object is the exchange itself, so nothing is made per request. */
export interface Submission {
  readonly signal: Signal;
  readonly json: boolean;
  /** As it came over the wire; taken away when it has become a batch. */
  body: Buffer;
  /** How the body is packed; undefined: not at all. */
  readonly encoding: ContentEncoding | undefined;
  readonly transport: "grpc" | "http";
  readonly metadata: ReadonlyMap<string, readonly string[]> | undefined;
  /** What the authenticator said of the client. */
  readonly auth: AuthData | undefined;
  readonly connection: ClientConnection;
  /** Bytes taken from the budget so far; given back with the answer. */
  charged: number;
  /** Called exactly once. The client may be gone. */
  answer(answer: Answer): void;
}

const TAKEN = Buffer.alloc(0);
/** Memory that an open request costs beside its body, at the most: streams, headers, parsers. */
const REQUEST_BYTES = 16 << 10;
const LEAST_OPEN_REQUESTS = 256;
/** Once half of all that may be open is, one connection gets no more than this part of it. */
const CONNECTION_SHARE = 1 / 32;

/** Turns complete requests into deliveries, and what became of them into answers. */
export class Intake {
  readonly deliveries: Subject<Delivery> = new Subject<Delivery>();
  readonly #budget: FairBudget;
  readonly counter: RequestCounter;
  readonly #context: ComponentContext;
  readonly #maxOpen: number;
  readonly #open: { grpc: number; http: number } = { grpc: 0, http: 0 };
  #closed = false;

  constructor(maxInFlightBytes: number, counter: RequestCounter, context: ComponentContext) {
    this.#budget = new FairBudget(maxInFlightBytes, () => context.clock.now());
    this.counter = counter;
    this.#maxOpen = Math.max(LEAST_OPEN_REQUESTS, Math.floor(maxInFlightBytes / 2 / REQUEST_BYTES));
    this.#context = context;
  }

  /** From now on nothing enters the pipelines. */
  close(): void {
    this.#closed = true;
    this.deliveries.complete();
  }

  /** Counts a request that has begun; false when so many of its protocol are open that it must be turned away unread. */
  enter({ transport, connection }: Submission): boolean {
    const open = this.#open[transport];
    if (open >= this.#maxOpen) return false;
    if (open >= this.#maxOpen / 2 && connection.open >= this.#maxOpen * CONNECTION_SHARE) return false;
    this.#open[transport] += 1;
    connection.open += 1;
    return true;
  }

  /** The request that had entered is over. */
  leave({ transport, connection }: Submission): void {
    this.#open[transport] -= 1;
    connection.open -= 1;
  }

  /** Whether `request` could hold `total` bytes now. Takes nothing: what is only announced must not keep others out. */
  hasRoom({ connection, charged }: Submission, total: number): boolean {
    return this.#budget.hasRoom(connection, charged, total);
  }

  /** Raises what `request` holds to `total` bytes; false when others hold too much, or its connection more than its share. */
  charge(request: Submission, total: number): boolean {
    const more = total - request.charged;
    if (more > 0 && !this.#budget.tryGrow(request.connection, request.charged, more)) return false;
    if (more < 0) this.#budget.give(request.connection, -more);
    request.charged = total;
    return true;
  }

  /** Gives back all that `request` holds. */
  release(request: Submission): void {
    this.#budget.give(request.connection, request.charged);
    request.charged = 0;
  }

  /** Unpacks, decodes and sends a request into the pipelines; answers it when it is settled. `limit` bounds the unpacked size. */
  submit(request: Submission, limit: number): void {
    const { encoding, body } = request;
    if (encoding === undefined) return this.#decode(request, body, limit);
    this.#unpack(request, encoding, limit, Math.min(limit, unpackedSize(encoding, body)));
  }

  /** Room is taken before anything is unpacked: many small bodies that grow at once must not pass the budget. */
  #unpack(request: Submission, encoding: ContentEncoding, limit: number, room: number): void {
    const { body } = request;
    if (!this.charge(request, body.length + room)) return this.#finish(request, OVERLOADED);
    decompress(encoding, body, room, (fault, bytes) => {
      if (fault === undefined) return this.#decode(request, bytes, limit);
      if (fault.kind !== "too_large") return this.#finish(request, errorAnswer(GRPC.INVALID_ARGUMENT, fault.message));
      // More than the body itself had promised.
      if (room < limit) return this.#unpack(request, encoding, limit, limit);
      this.#finish(request, tooLargeAnswer(`received message after decompression larger than max (${limit} bytes); send smaller batches`));
    });
  }

  #decode(request: Submission, bytes: Buffer, limit: number): void {
    if (this.#closed) return this.#finish(request, SHUTTING_DOWN);
    const { encoding, signal } = request;
    let batch: Batch;
    try {
      if (request.json) batch = batchFromJson(signal, bytes, { maxBytes: limit });
      else if (encoding === undefined) batch = openBatch(signal, bytes, { owned: isAlone(bytes) });
      else batch = openBatch(signal, bytes, { compressed: { encoding, bytes: request.body }, owned: true });
    } catch (error) {
      return this.#finish(request, badDataAnswer(error));
    }
    // An HTTP/2 stream outlives many young collections; what it still refers to would grow old with it and cost full ones.
    request.body = TAKEN;
    if (batch.itemCount === 0) return this.#finish(request, SUCCESS);
    // The index of many small items can be larger than the items themselves.
    if (!this.charge(request, batch.memoryBytes)) return this.#finish(request, OVERLOADED);
    this.#deliver(request, batch, batch.itemCount);
  }

  #deliver(request: Submission, batch: Batch, items: number): void {
    const settlement = createSettlement((outcome) => this.#finish(request, answerOf(outcome, items)));
    const { transport, metadata, auth, connection } = request;
    const receivedAt = this.#context.clock.now();
    const bare =
      connection.address === undefined ? { receivedAt, transport } : { receivedAt, transport, clientAddress: connection.address };
    const context: DeliveryContext =
      metadata === undefined && auth === undefined
        ? bare
        : { ...bare, ...(metadata === undefined ? {} : { metadata }), ...(auth === undefined ? {} : { auth }) };
    this.deliveries.next({ batch, settlement, context });
  }

  #finish(request: Submission, answer: Answer): void {
    this.release(request);
    this.counter.count(request.transport, answer);
    request.answer(answer);
  }
}
