import { messageOf, type Clock, type Logger, type Timer } from "@tidemark/core";

/** Reads a text file. */
export type ReadTextFile = (path: string) => Promise<string>;

/** What a watched file needs from outside. */
export interface WatchedFileSettings {
  readonly path: string;
  readonly readText: ReadTextFile;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes the text when it is new. What it throws rejects the start; later the old text stays in force. */
  readonly use: (text: string) => void;
  /** Time between two looks at the file; 0: it is read once. Reading finds every kind of change, also of the links that Kubernetes swaps. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 1000;

/** A small file that counts as it is now, without a restart. */
export class WatchedFile {
  readonly #settings: WatchedFileSettings;
  #text: string | undefined;
  #complained = "";
  #timer: Timer | undefined;
  #stopped = false;

  constructor(settings: WatchedFileSettings) {
    this.#settings = settings;
  }

  /** Reads the file for the first time. */
  async start(): Promise<void> {
    await this.#read();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #read(): Promise<void> {
    const { path, readText, use, log } = this.#settings;
    const text = await readText(path);
    if (this.#stopped || text === this.#text) return;
    use(text);
    if (this.#text !== undefined) log.info("The file has changed and was read again.", { path });
    this.#text = text;
    this.#complained = "";
  }

  #schedule(): void {
    const { clock, intervalMs = INTERVAL_MS } = this.#settings;
    if (this.#stopped || intervalMs === 0) return;
    this.#timer = clock.setTimeout(() => void this.#look(), intervalMs);
  }

  async #look(): Promise<void> {
    try {
      await this.#read();
    } catch (caught) {
      this.#complain(messageOf(caught));
    }
    this.#schedule();
  }

  /** Once for each new reason. */
  #complain(message: string): void {
    if (this.#stopped || message === this.#complained) return;
    this.#complained = message;
    this.#settings.log.warn("The file cannot be used as it is now; what it said before stays in force.", {
      path: this.#settings.path,
      error: message,
    });
  }
}
