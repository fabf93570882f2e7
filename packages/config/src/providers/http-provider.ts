import { withoutPassword, type ConfigProvider, type ProviderIo } from "./provider.ts";
import { fetchWithin } from "./fetch-within.ts";
import { textWithin } from "./text-within.ts";

const TIMEOUT_MS = 10_000;
/** A configuration is text that somebody wrote; compressed, a few kilobytes could be gigabytes. */
const MAX_BYTES = 8 * 2 ** 20;

/** What a server says about the version of a text (RFC 9110 8.8). */
interface Version {
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly text: string;
}

/** `http:` and `https:`: one GET; while it is watched the server is asked every `pollMs` whether there is another version. */
export class HttpProvider implements ConfigProvider {
  readonly schemes: readonly string[] = ["http", "https"];
  readonly #io: ProviderIo;
  readonly #pollMs: number;
  readonly #versions = new Map<string, Version>();

  constructor(io: ProviderIo, pollMs: number) {
    this.#io = io;
    this.#pollMs = pollMs;
  }

  async read(uri: string): Promise<string> {
    const version = await this.#get(uri, undefined);
    if (version === undefined) throw new Error("the server says that nothing has changed, although it was not asked");
    this.#versions.set(uri, version);
    return version.text;
  }

  watch(uri: string, changed: () => void): () => void {
    const { clock } = this.#io;
    let timer = clock.setTimeout(() => undefined, 0);
    let isOver = false;
    const ask = async (): Promise<void> => {
      const known = this.#versions.get(uri);
      // A server that does not answer now is asked again: what runs, runs on.
      const version = await this.#get(uri, known).catch(() => undefined);
      if (isOver) return;
      if (version !== undefined && version.text !== known?.text) changed();
      later();
    };
    const later = (): void => void (timer = clock.setTimeout(() => void ask(), this.#pollMs));
    later();
    return () => {
      isOver = true;
      timer.cancel();
    };
  }

  /** Undefined when the server has no other version than `known`. */
  async #get(uri: string, known: Version | undefined): Promise<Version | undefined> {
    const url = new URL(uri);
    const headers = new Headers({ accept: "application/yaml, text/yaml, text/plain, */*" });
    if (url.username !== "") {
      const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
      headers.set("authorization", `Basic ${Buffer.from(credentials).toString("base64")}`);
      url.username = url.password = "";
    }
    if (known?.etag != null) headers.set("if-none-match", known.etag);
    else if (known?.lastModified != null) headers.set("if-modified-since", known.lastModified);
    return fetchWithin(this.#io, TIMEOUT_MS, withoutPassword(uri), async (signal) => {
      const response = await this.#io.fetch(url, { headers, signal });
      if (response.status === 304) return undefined;
      if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trimEnd());
      const text = await textWithin(response, MAX_BYTES);
      return { etag: response.headers.get("etag"), lastModified: response.headers.get("last-modified"), text };
    });
  }
}
