import type { DeadLetter } from "@tidemark/components/dead-letters";
import { messageOf, systemClock, type Clock } from "@tidemark/core";
import type { ParsedArguments } from "../arguments.ts";
import { CONFIG_OPTIONS, type Command } from "../command.ts";
import { jsonText, letterJson, letterText, letterWithDataJson, listText, noneText, sumText } from "../dlq/letter-text.ts";
import type { LetterStorage } from "../dlq/letter-storage.ts";
import { replayLetters } from "../dlq/replay.ts";
import { FILTER_OPTIONS, lettersIn, selectionOf, type Selection } from "../dlq/selection.ts";
import { ProgressLine } from "../dlq/progress.ts";
import { EXIT, UsageError, type CliIo } from "../io.ts";
import { keepAlive } from "../../process-guards.ts";
import { countText } from "../table.ts";

const LISTED = 100;
const SHOWN = 10;

interface Work {
  readonly storage: LetterStorage;
  readonly args: ParsedArguments;
  readonly io: CliIo;
  readonly clock: Clock;
}

interface Action {
  /** Options that the other actions do not have. */
  readonly options: readonly string[];
  readonly run: (work: Work) => Promise<number> | number;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  ls: { options: ["json"], run: list },
  show: { options: ["json"], run: show },
  replay: { options: ["all", "no-wait"], run: replay },
  drop: { options: ["all", "yes"], run: drop },
};

/** Looks after dead letters: what could not be delivered and was put aside. A collector may run on the storage meanwhile. */
export function createDlqCommand(clock: Clock): Command {
  return {
    name: "dlq",
    usage: "ls|show|replay|drop DIRECTORY|--config FILE [ID…]",
    summary: "Look at what could not be delivered and was put aside; send it again, or drop it.",
    details:
      "DIRECTORY is that of a file_storage extension; a collector may run on it. replay and drop take ids, filters, or --all. A running collector\n" +
      "takes replays up within a second.",
    takesFiles: true,
    options: {
      ...CONFIG_OPTIONS,
      storage: { value: "ID", description: "Which file_storage of the configuration, when it has several." },
      ...FILTER_OPTIONS,
      json: { description: "ls, show: print JSON." },
      all: { description: "replay, drop: every dead letter." },
      yes: { description: "drop: really delete; without it only the count is shown." },
      "no-wait": { description: "replay: do not wait until the sending queue has taken them." },
    },
    run: async (args, io) => {
      const action = actionOf(args);
      // It brings a database along, which the other commands start faster without.
      const { openLetters } = await import("../dlq/letter-storage.ts");
      // Wrong filters are told also where there is no storage.
      selectionOf(args, [], clock.now(), 0);
      try {
        const storage = await openLetters(args, io);
        return storage === undefined ? EXIT.usage : await action.run({ storage, args, io, clock });
      } catch (caught) {
        if (caught instanceof UsageError) throw caught;
        io.stderr(`tidemark dlq: ${explain(caught)}\n`);
        return EXIT.failure;
      }
    },
  };
}

export const dlqCommand: Command = createDlqCommand(systemClock);

function actionOf(args: ParsedArguments): Action {
  const [name = ""] = args.positionals;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined)
    throw new UsageError(`${name === "" ? "say what to do" : `there is no "dlq ${name}"`}: ls, show, replay or drop`);
  const others = Object.values(ACTIONS).flatMap(({ options }) => options);
  const wrong = others.find((option) => args.has(option) && !action.options.includes(option));
  if (wrong !== undefined) throw new UsageError(`"dlq ${name}" has no option --${wrong}`);
  return action;
}

function list({ storage: { letters, ids }, args, io, clock }: Work): number {
  const selection = selectionOf(args, ids, clock.now(), LISTED);
  const found = [...lettersIn(letters, selection)];
  const isCut = found.length > 0 && found.length === selection.limit;
  const all = isCut && selection.contains === undefined ? letters.totals(selection.filter) : totalsOf(found);
  if (args.has("json")) {
    io.stdout(`${jsonText({ letters: found.map(letterJson), totals: all })}\n`);
    return EXIT.ok;
  }
  if (found.length === 0) io.stdout(`${noneText(letters.listDeadLetters())}\n`);
  else
    io.stdout(
      `${listText(found)}\n${sumText(all)}\n${isCut && all.letters > found.length ? `Shown are the oldest ${found.length}; --limit 0 shows all.\n` : ""}`,
    );
  return EXIT.ok;
}

function show({ storage, args, io, clock }: Work): number {
  const { letters, ids } = storage;
  const selection = selectionOf(args, ids, clock.now(), SHOWN);
  const found = [...lettersIn(letters, selection)].flatMap(({ id }) => letters.readDeadLetter(id) ?? []);
  if (found.length === 0) return nothing(selection, storage, io);
  sayMissing(selection, found, io);
  io.stdout(args.has("json") ? `${jsonText(found.map(letterWithDataJson))}\n` : found.map((letter) => letterText(letter)).join("\n"));
  return EXIT.ok;
}

async function replay(work: Work): Promise<number> {
  const { storage, args, io, clock } = work;
  const { selection, found } = chosen(work, "replay");
  if (found.length === 0) return nothing(selection, storage, io);
  const { letters, directory } = storage;
  const release = keepAlive();
  try {
    return await replayLetters({ letters, directory, ids: found.map(({ id }) => id), waits: !args.has("no-wait"), clock, io });
  } finally {
    release();
  }
}

async function drop(work: Work): Promise<number> {
  const { storage, args, io, clock } = work;
  const { selection, found } = chosen(work, "drop");
  if (found.length === 0) return nothing(selection, storage, io);
  const sum = sumText(totalsOf(found));
  if (!args.has("yes")) {
    io.stdout(`${sum}\n`);
    io.stderr("Nothing is dropped. Add --yes to delete them for good.\n");
    return EXIT.usage;
  }
  const line = new ProgressLine("dropped", clock, io.stderr);
  const { changed } = await storage.letters.drop({ ids: found.map(({ id }) => id) }, ({ done, total }) => line.show(done, total));
  io.stdout(`Dropped ${countText(changed, "dead letter")}.\n`);
  return EXIT.ok;
}

function chosen(
  { storage: { letters, ids }, args, clock, io }: Work,
  verb: string,
): { selection: Selection; found: readonly DeadLetter[] } {
  const selection = selectionOf(args, ids, clock.now(), 0);
  if (selection.isNarrowed === args.has("all"))
    throw new UsageError(
      selection.isNarrowed ? "--all goes without ids and filters" : `say which dead letters to ${verb}: ids, filters, or --all`,
    );
  const found = [...lettersIn(letters, selection)];
  if (found.length > 0) sayMissing(selection, found, io);
  return { selection, found };
}

function sayMissing({ ids }: Selection, found: readonly DeadLetter[], io: CliIo): void {
  const missing = ids.filter((id) => !found.some((letter) => letter.id === id));
  if (missing.length > 0) io.stderr(`There is no dead letter ${missing.join(", ")}; see: tidemark dlq ls\n`);
}

function nothing({ ids }: Selection, { letters }: LetterStorage, io: CliIo): number {
  io.stderr(
    ids.length > 0 ? `There is no dead letter ${ids.join(", ")}; see: tidemark dlq ls\n` : `${noneText(letters.listDeadLetters())}\n`,
  );
  return EXIT.failure;
}

function totalsOf(letters: readonly DeadLetter[]): ReturnType<LetterStorage["letters"]["totals"]> {
  const sums = { letters: letters.length, items: 0, bytes: 0, replaying: 0 };
  for (const { items, bytes, replay: isReplaying } of letters) {
    sums.items += items;
    sums.bytes += bytes;
    sums.replaying += isReplaying ? 1 : 0;
  }
  return sums;
}

/** What SQLite says, for people. */
function explain(caught: unknown): string {
  const message = messageOf(caught);
  if (/database is locked|database is busy/.test(message)) return "the storage is busy with another change; try again";
  if (/not a database|malformed/.test(message))
    return `state.db of the storage is damaged (${message}); "recreate: true" of file_storage saves what can be read at the next start`;
  if (/ENOTDIR/.test(message)) return `${message.replace(/^.*scandir /, "")} is a file: give the "directory" of a file_storage extension`;
  if (/readonly database|unable to open|EACCES/.test(message)) return `${message}: run it as the user of the collector`;
  return message;
}
