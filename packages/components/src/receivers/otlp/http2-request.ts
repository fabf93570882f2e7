import type { OutgoingHttpHeaders } from "node:http";
import type { RequestHead } from "../../transport/http2/request-head.ts";
import type { Field } from "../../transport/http2/header-decoder.ts";
import { ERROR } from "../../transport/http2/frame.ts";
import type { Stream, StreamListener } from "../../transport/http2/stream.ts";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";

type Listener = (chunk: Buffer) => void;

const NOTHING = Buffer.alloc(0);

/** A request of HTTP/2, in the form in which Node gives those of HTTP/1.1. What comes before somebody listens waits, within the window. */
export class Http2Request implements HttpRequest, StreamListener {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHead;
  readonly #stream: Stream;
  readonly #data: Listener[] = [];
  readonly #end: Listener[] = [];
  readonly #close: Listener[] = [];

  constructor(stream: Stream, head: RequestHead) {
    this.method = head[":method"] ?? "";
    this.url = head[":path"] ?? "";
    this.headers = head;
    this.#stream = stream;
    stream.listener = this;
    stream.pause();
  }

  /** Listens to `data`, `end` or `close`; there are no errors beside `close`. */
  on(event: "data" | "end" | "close" | "error", listener: Listener): this {
    if (event === "end") this.#end.push(listener);
    else if (event === "close") this.#close.push(listener);
    else if (event === "data") {
      this.#data.push(listener);
      // The exchange adds its other listeners in the same breath.
      queueMicrotask(() => this.#stream.resume());
    }
    return this;
  }

  /** Ends the stream without another word. */
  destroy(): void {
    this.#stream.reset(ERROR.NO_ERROR);
  }

  onData(chunk: Buffer): boolean {
    for (const listener of this.#data) listener(chunk);
    return false;
  }

  onEnd(): void {
    for (const listener of this.#end) listener(NOTHING);
  }

  onClose(): void {
    for (const listener of this.#close) listener(NOTHING);
  }
}

/** The answer to a request of HTTP/2. */
export class Http2Response implements HttpResponse {
  writableEnded = false;
  readonly #stream: Stream;
  readonly #fields: Field[] = [];

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent || !this.#stream.isOpen;
  }

  setHeader(name: string, value: string): void {
    this.#fields.push([name.toLowerCase(), value]);
  }

  /** Headers by name, or name and value by turns, as in Node. */
  writeHead(status: number, headers: OutgoingHttpHeaders | string[] = []): void {
    const own = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers).map(([name, value]): Field => [name, String(value)]);
    this.#stream.respond([[":status", String(status)], ...this.#fields, ...own], false);
  }

  /** RFC 9110 15.2.1: an interim answer. */
  writeContinue(): void {
    this.#stream.respondInterim([[":status", "100"]]);
  }

  end(body?: Uint8Array): void {
    this.writableEnded = true;
    if (body !== undefined) this.#stream.write(body);
    this.#stream.end();
  }
}

function pairsOf(flat: readonly string[]): Field[] {
  return flat.flatMap((name, index): Field[] => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""]] : []));
}
