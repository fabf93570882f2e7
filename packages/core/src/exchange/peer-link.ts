import { connect, type Socket } from "node:net";
import type { Clock, Timer } from "../contract/clock.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { AwaitingTable } from "./awaiting-table.ts";
import type { Awaiting, OutgoingPart } from "./exchange.ts";
import { decodeOutcome, decodeTurnedAway, encodeDeliver, encodeFrame, encodeJsonFrame, FRAME } from "./exchange-frame.ts";
import { FrameReader, type FrameHandler } from "./frame-reader.ts";

const PING_MS = 1000;
/** A worker that says nothing for this long while something waits for it is taken for dead. */
const SILENCE_MS = 10_000;
/** Bytes on their way to one worker; beyond it parts are refused, and their senders keep them. */
const MAX_BYTES_IN_FLIGHT = 64 * 2 ** 20;
/** After a failed connection nothing is tried for this long: a dead worker costs its senders next to nothing. */
const REST_MS = 50;
const RETRY_AFTER_MS = 500;

/** Waits for the JSON answer to a question; undefined when there is none. */
export type Reply = (answer: unknown) => void;

type Waiter = { readonly part: Awaiting } | { readonly reply: Reply };

/** The connection to one other worker, opened when it is needed. */
export class PeerLink implements FrameHandler {
  readonly #index: number;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #table = new AwaitingTable<Waiter>();
  #socket: Socket | undefined;
  #heardAt = 0;
  #restUntil = 0;
  #pulse: Timer | undefined;
  #closed = false;

  constructor(index: number, path: string, clock: Clock) {
    this.#index = index;
    this.#path = path;
    this.#clock = clock;
  }

  send({ node, batch, context }: OutgoingPart, awaiting: Awaiting): void {
    // One copy: parts are cut from all over their request, and a write of many pieces costs more.
    const bytes = batch.encode();
    const { length } = bytes;
    if (this.#table.size > 0 && this.#table.bytes + length > MAX_BYTES_IN_FLIGHT) {
      const message = `worker ${this.#index} has not answered for ${this.#table.bytes} bytes yet`;
      return awaiting.turnedAway(PipelineError.exhausted(message, RETRY_AFTER_MS));
    }
    const socket = this.#connected();
    if (socket === undefined) return awaiting.turnedAway(this.#gone());
    const id = this.#table.add({ part: awaiting }, length);
    socket.cork();
    socket.write(encodeDeliver(id, { node, signal: batch.signal, context }, length));
    socket.write(bytes);
    socket.uncork();
    this.#watch();
  }

  /** `reply` is called once, with undefined when the worker is gone. */
  ask(question: unknown, reply: Reply): void {
    const socket = this.#connected();
    if (socket === undefined) return reply(undefined);
    socket.write(encodeJsonFrame(FRAME.ask, this.#table.add({ reply }, 0), question));
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#lost();
  }

  accepts(): boolean {
    return true;
  }

  frame(kind: number, id: number, body: Buffer): void {
    this.#heardAt = this.#clock.now();
    if (kind === FRAME.pong) return;
    const waiter = this.#table.take(id);
    if ("reply" in waiter) waiter.reply(JSON.parse(body.toString()));
    else if (kind === FRAME.delivered) waiter.part.answered({ kind: "delivered" });
    else if (kind === FRAME.outcome) waiter.part.answered(decodeOutcome(body));
    else waiter.part.turnedAway(decodeTurnedAway(body));
  }

  #connected(): Socket | undefined {
    if (this.#socket !== undefined) return this.#socket;
    const now = this.#clock.now();
    if (this.#closed || now < this.#restUntil) return undefined;
    const socket = connect(this.#path);
    const reader = new FrameReader(this);
    this.#socket = socket;
    this.#heardAt = now;
    socket.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    // `close` follows every error.
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#socket === socket) this.#lost();
    });
    return socket;
  }

  #lost(): void {
    this.#socket = undefined;
    this.#pulse?.cancel();
    this.#pulse = undefined;
    this.#restUntil = this.#clock.now() + REST_MS;
    for (const waiter of this.#table.takeAll()) {
      if ("reply" in waiter) waiter.reply(undefined);
      else waiter.part.turnedAway(this.#gone());
    }
  }

  #gone(): PipelineError {
    return PipelineError.unavailable(`worker ${this.#index}, which owns these items, cannot be reached`, RETRY_AFTER_MS);
  }

  /** Asks for a sign of life as long as something waits. */
  #watch(): void {
    if (this.#pulse !== undefined) return;
    this.#pulse = this.#clock.setTimeout(() => {
      this.#pulse = undefined;
      if (this.#table.size === 0) return;
      if (this.#clock.now() - this.#heardAt > SILENCE_MS) return void this.#socket?.destroy();
      this.#socket?.write(encodeFrame(FRAME.ping, 0));
      this.#watch();
    }, PING_MS);
  }
}
