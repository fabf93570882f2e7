import { fetchWithin } from "./fetch-within.ts";
import { textWithin } from "./text-within.ts";
import type { ProviderIo } from "./provider.ts";

const TIMEOUT_MS = 5000;
/** etcd takes values of 1.5 MiB unless told otherwise. */
const MAX_BYTES = 16 * 2 ** 20;

/** A key in an etcd, as `etcd://[user:password@]host:port/key` names it; `etcds:` is the same over TLS. */
export interface EtcdPlace {
  readonly origin: string;
  /** With its first slash. */
  readonly key: string;
  readonly user?: { readonly name: string; readonly password: string };
}

/** What a range request has found. */
export interface EtcdValue {
  /** Absent: there is no such key. */
  readonly text?: string;
  /** When the key was changed last; 0 without a key. */
  readonly modRevision: number;
  /** The revision of the whole store at this moment. */
  readonly revision: number;
}

/** One message of a watch. */
export type WatchMessage =
  | { readonly kind: "created" }
  /** `modRevision` as in `EtcdValue`. */
  | { readonly kind: "changed"; readonly modRevision: number; readonly revision: number }
  /** The store does not remember the revision any more from which the watch was to begin. */
  | { readonly kind: "compacted" }
  | { readonly kind: "cancelled"; readonly reason: string };

/**
 * Reads the parts of an etcd URI.
 * @throws Error in words for users.
 */
export function parseEtcdUri(uri: string): EtcdPlace {
  const url = URL.parse(uri.replace(/^etcd/, "http"));
  if (url === null || url.host === "" || url.pathname.length < 2)
    throw new Error("write etcd://host:2379/key, such as etcd://localhost:2379/alerting/rules");
  const scheme = uri.startsWith("etcds:") ? "https" : "http";
  const origin = `${scheme}://${url.hostname}:${url.port === "" ? "2379" : url.port}`;
  const key = decodeURIComponent(url.pathname);
  if (url.username === "") return { origin, key };
  return { origin, key, user: { name: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } };
}

/** etcd v3 by its JSON gateway (etcd.io: "gRPC gateway"): keys and values are base64, 64-bit numbers are strings. */
export class EtcdClient {
  readonly #io: ProviderIo;
  readonly #place: EtcdPlace;
  #token: string | undefined;

  constructor(io: ProviderIo, place: EtcdPlace) {
    this.#io = io;
    this.#place = place;
  }

  async range(): Promise<EtcdValue> {
    const { header, kvs = [] } = (await this.#call("/v3/kv/range", { key: base64(this.#place.key) })) as RangeAnswer;
    const revision = Number(header?.revision ?? 0);
    const [found] = kvs;
    if (found === undefined) return { modRevision: 0, revision };
    // An empty value is left out by the gateway.
    return { text: Buffer.from(found.value ?? "", "base64").toString("utf8"), modRevision: Number(found.mod_revision), revision };
  }

  /** Every change of the key from `startRevision` on, until `signal` aborts or the connection breaks, which throws. */
  async *watch(startRevision: number, signal: AbortSignal): AsyncGenerator<WatchMessage> {
    const request = { create_request: { key: base64(this.#place.key), start_revision: String(startRevision) } };
    const response = await this.#post("/v3/watch", request, signal);
    if (!response.ok || response.body === null) throw new Error(`the watch was answered with ${response.status}`);
    for await (const line of linesOf(response.body)) yield* messagesOf(JSON.parse(line) as WatchAnswer);
    throw new Error("the connection of the watch ended");
  }

  async #call(path: string, body: object): Promise<unknown> {
    return fetchWithin(this.#io, TIMEOUT_MS, this.#place.origin, async (signal) => {
      const response = await this.#post(path, body, signal);
      const text = await textWithin(response, MAX_BYTES);
      if (!response.ok) throw new Error(`etcd answered ${response.status}: ${errorIn(text)}`);
      return JSON.parse(text);
    });
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<Response> {
    const { origin, user } = this.#place;
    const send = (to: string, what: object): Promise<Response> => {
      const headers = { "content-type": "application/json", ...(this.#token === undefined ? {} : { authorization: this.#token }) };
      return this.#io.fetch(`${origin}${to}`, { method: "POST", headers, body: JSON.stringify(what), signal });
    };
    if (user !== undefined && this.#token === undefined) {
      const answer = await send("/v3/auth/authenticate", user);
      if (!answer.ok) throw new Error(`etcd does not let "${user.name}" in: ${errorIn(await answer.text())}`);
      this.#token = ((await answer.json()) as { token?: string }).token;
    }
    const response = await send(path, body);
    // The token has run out; the next try gets another one.
    if (response.status === 401) this.#token = undefined;
    return response;
  }
}

interface RangeAnswer {
  readonly header?: { readonly revision?: string };
  readonly kvs?: readonly { readonly value?: string; readonly mod_revision: string }[];
}

interface WatchAnswer {
  readonly result?: {
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly cancel_reason?: string;
    readonly compact_revision?: string;
    readonly events?: readonly { readonly type?: string; readonly kv?: { readonly mod_revision?: string } }[];
  };
  readonly error?: { readonly message?: string };
}

function* messagesOf({ result, error }: WatchAnswer): Generator<WatchMessage> {
  if (error !== undefined || result === undefined) return yield { kind: "cancelled", reason: error?.message ?? "no result" };
  if (result.created === true) yield { kind: "created" };
  if (Number(result.compact_revision ?? 0) > 0) return yield { kind: "compacted" };
  if (result.canceled === true) return yield { kind: "cancelled", reason: result.cancel_reason ?? "" };
  for (const { type, kv } of result.events ?? []) {
    const revision = Number(kv?.mod_revision ?? 0);
    yield { kind: "changed", modRevision: type === "DELETE" ? 0 : revision, revision };
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_BYTES) throw new Error(`a line of the watch is longer than ${MAX_BYTES} bytes`);
    yield* lines.filter((line) => line.trim() !== "");
  }
}

function errorIn(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: string; error?: string };
    return message ?? error ?? text;
  } catch {
    return text.slice(0, 200);
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
