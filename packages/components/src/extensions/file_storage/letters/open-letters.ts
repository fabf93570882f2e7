import { PipelineError, type Clock, type DeadLetterReason, type Logger, type NewRecord } from "@tidemark/core";
import type { Space } from "../disk/space.ts";
import { storageError } from "../disk/storage-error.ts";
import type { RecordLog } from "../log/record-log.ts";
import { CORRUPT } from "../state/letters-table.ts";
import type { StateCalls } from "../state/state-calls.ts";
import type { StateClient } from "../state/state-client.ts";
import { BurialNews } from "./burial-news.ts";
import { recordOfLetter } from "./letter-record.ts";
import { replayLetters } from "./replay-letters.ts";

const LETTERS_AT_ONCE = 32;

type FoundLetter = NonNullable<ReturnType<StateCalls["readLetter"]>>;

/** What the letters of a directory live on. */
export interface LettersEnvironment {
  readonly directory: string;
  readonly state: StateClient;
  readonly space: Space;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where letters go back to. */
export interface ReplayTarget {
  readonly log: Promise<RecordLog>;
  /** Letters whose records are in the queue again, and which the database still has. */
  readonly returned: Set<number>;
}

/** The dead letters of a storage directory that is in use. */
export class OpenLetters {
  /** What the log is told of new letters. */
  readonly news: BurialNews;
  readonly #environment: LettersEnvironment;
  /** Owners of letters that somebody wants to be sent again. */
  readonly #wanted: Set<string> = new Set();

  constructor(environment: LettersEnvironment) {
    this.#environment = environment;
    this.news = new BurialNews(environment);
  }

  /** Owners whose letters wait to be sent again, as far as the last news told. */
  get wanted(): ReadonlySet<string> {
    return this.#wanted;
  }

  /** How many letters there are. */
  async count(): Promise<number> {
    return (await this.#environment.state.call("letterTotals", [])).letters;
  }

  /** Learns what another process has changed: dropped letters, or the wish that some are sent again. */
  async hear(): Promise<void> {
    const news = await this.#environment.state.call("news", []);
    if (news === undefined) return;
    this.#environment.space.letterBytes = news.letters.bytes;
    for (const owner of news.replays) this.#wanted.add(owner);
  }

  /** Adds one; on the disk when this resolves. */
  async bury(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    const { directory, state, space, clock } = this.#environment;
    const bytes = Uint8Array.from(record.bytes);
    const letter = { record: { ...record, bytes }, reason, buriedAt: clock.now() };
    const size = bytes.length;
    try {
      await state.call("bury", [owner, [letter], []], [bytes.buffer]);
    } catch (error) {
      throw storageError(error, directory);
    }
    space.letterBytes += size;
    this.news.add(owner, reason);
  }

  /** Gives letters that nobody wants to be sent again to another directory. A crash in the middle may leave some of them in both. */
  async moveTo(other: OpenLetters): Promise<void> {
    const { state } = this.#environment;
    for (;;) {
      const ids = await state.call("firstLetters", [LETTERS_AT_ONCE]);
      for (const id of ids) {
        const found = await state.call("readLetter", [id]);
        if (found !== undefined) await other.#take(found);
        await state.call("deleteLetters", [[id]]);
      }
      if (ids.length < LETTERS_AT_ONCE) return;
    }
  }

  /** Puts the wanted letters of `owner` back into its queue, and gives how many; what fails is tried again at the next news. */
  async replay(owner: string, { log: target, returned }: ReplayTarget): Promise<number> {
    const { state, space, log } = this.#environment;
    try {
      const { replayed, damaged } = await replayLetters(owner, { log: await target, state, space, returned });
      this.#wanted.delete(owner);
      if (damaged > 0) log.error("Dead letters are damaged and cannot be sent again.", { owner, letters: damaged });
      if (replayed > 0) log.info("Dead letters are back in their queue.", { owner, letters: replayed });
      return replayed;
    } catch (error) {
      this.#wanted.add(owner);
      const text = PipelineError.from(error).message;
      log.warn("Dead letters could not be put back into their queue. Trying again.", { owner, error: text });
      return 0;
    }
  }

  async #take({ letter, body, whole }: FoundLetter): Promise<void> {
    const { state, space } = this.#environment;
    const { owner, message, attempts, buriedAt } = letter;
    const reason = { reason: whole ? letter.reason : CORRUPT, message, attempts };
    await state.call("bury", [owner, [{ record: recordOfLetter(letter, body), reason, buriedAt }], []]);
    space.letterBytes += letter.bytes;
  }
}
