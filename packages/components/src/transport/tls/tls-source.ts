import { isDeepStrictEqual } from "node:util";
import { messageOf, type Clock, type Logger, type Timer } from "@tidemark/core";
import { createSecureContext, type ConnectionOptions, type TlsOptions } from "node:tls";
import type { ClientTlsConfig, ServerTlsConfig } from "./tls-fields.ts";
import { loadClientTls, loadServerTls } from "./tls.ts";

/** `client_ca_file_reload` without `reload_interval` looks this often. */
const CA_INTERVAL_MS = 10_000;

/** What reads files again: time, and where to tell what happened. */
export interface TlsEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Certificates as their files have them now. Every `reload_interval` the files are read again; when they have changed and fit together,
 * new connections use them. Files that cannot be read, or do not fit, change nothing and are named in the log.
 */
export class TlsSource<O extends TlsOptions | ConnectionOptions> {
  readonly #load: () => Promise<O>;
  readonly #environment: TlsEnvironment;
  readonly #interval: number;
  #current: O;
  #apply: (options: O) => void = () => undefined;
  #timer: Timer | undefined;
  #closed = false;
  #fault = "";

  private constructor(first: O, load: () => Promise<O>, interval: number, environment: TlsEnvironment) {
    this.#current = first;
    this.#load = load;
    this.#interval = interval;
    this.#environment = environment;
    this.#schedule();
  }

  /** Reads a server's files. Rejects with the name of the field whose file cannot be read. */
  static async server(tls: ServerTlsConfig, environment: TlsEnvironment): Promise<TlsSource<TlsOptions>> {
    const { reload_interval: all, client_ca_file_reload: ca } = tls;
    const first = await loadServerTls(tls);
    // Only what is to be read again may change.
    const load = async (): Promise<TlsOptions> => {
      const fresh = await loadServerTls(tls);
      const whole = all === 0 ? { ...first, ...(fresh.ca === undefined ? {} : { ca: fresh.ca }) } : fresh;
      return ca || first.ca === undefined ? whole : { ...whole, ca: first.ca };
    };
    return new TlsSource<TlsOptions>(first, load, all || (ca ? CA_INTERVAL_MS : 0), environment);
  }

  /** Reads a client's files. Rejects with the name of the field whose file cannot be read. */
  static async client(tls: ClientTlsConfig, environment: TlsEnvironment): Promise<TlsSource<ConnectionOptions>> {
    const load = (): Promise<ConnectionOptions> => loadClientTls(tls);
    return new TlsSource<ConnectionOptions>(await load(), load, tls.reload_interval, environment);
  }

  /** Options for a connection that is opened now. */
  get current(): O {
    return this.#current;
  }

  /** Calls `apply` with the new options after each change. */
  onChange(apply: (options: O) => void): void {
    this.#apply = apply;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#interval === 0 || this.#closed) return;
    this.#timer = this.#environment.clock.setTimeout(() => void this.#reload().then(() => this.#schedule()), this.#interval);
  }

  async #reload(): Promise<void> {
    const { log } = this.#environment;
    try {
      const fresh = await this.#load();
      if (this.#closed || sameFiles(fresh, this.#current)) return;
      // Throws where a key does not belong to its certificate, or a file is no PEM.
      createSecureContext(fresh);
      this.#apply(fresh);
      this.#current = fresh;
      this.#fault = "";
      log.info("Certificates were read again; new connections use them.");
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== this.#fault) log.warn("Certificates could not be read again; the old ones stay in use.", { error: fault });
      this.#fault = fault;
    }
  }
}

function sameFiles(a: TlsOptions | ConnectionOptions, b: TlsOptions | ConnectionOptions): boolean {
  return isDeepStrictEqual([a.cert, a.key, a.ca], [b.cert, b.key, b.ca]);
}
