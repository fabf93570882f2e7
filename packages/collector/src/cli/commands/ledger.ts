import { messageOf, systemClock, type Clock, type LedgerSnapshot } from "@tidemark/core";
import type { Command } from "../command.ts";
import { ADMIN_TOKEN, adminUrl, askAdmin, STANDARD_ADMIN_URL, strangeAnswer } from "../admin-client.ts";
import { EXIT, type CliIo } from "../io.ts";
import { ledgerText } from "../ledger-text.ts";
import { keepAlive } from "../../process-guards.ts";

const WATCH_MS = 1000;
const CLEAR_SCREEN = "\u001b[H\u001b[2J";

/** What the command uses of the machine. */
export interface LedgerEnvironment {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

interface Books extends LedgerSnapshot {
  readonly time: string;
}

/** Shows the books of a running collector. */
export function createLedgerCommand(environment: LedgerEnvironment): Command {
  return {
    name: "ledger",
    usage: "[--admin URL] [--json] [--watch]",
    summary: "Print the books of a running collector: what became of every item, at each node.",
    details: `The collector needs the extension admin. A token for it is taken from ${ADMIN_TOKEN}. The exit code is 1 when the books do not balance.`,
    takesFiles: false,
    options: {
      admin: { value: "URL", description: `The collector's admin extension (default ${STANDARD_ADMIN_URL}).` },
      json: { description: "Print the books as JSON." },
      watch: { description: "Print them again every second, until a signal ends it." },
    },
    run: async (args, io) => {
      const url = adminUrl(args.value("admin") ?? STANDARD_ADMIN_URL, "/-/ledger");
      const print = (books: Books): void => {
        if (args.has("json")) return io.stdout(`${JSON.stringify(books, undefined, args.has("watch") ? undefined : 2)}\n`);
        if (!args.has("watch")) return io.stdout(ledgerText(books));
        io.stdout(`${io.color ? CLEAR_SCREEN : ""}${books.time}\n${ledgerText(books)}${io.color ? "" : "\n"}`);
      };
      if (!args.has("watch")) return once(url, environment, io, print);
      keepAlive();
      for (;;) {
        await once(url, environment, io, print);
        await new Promise<void>((resolve) => void environment.clock.setTimeout(resolve, WATCH_MS));
      }
    },
  };
}

export const ledgerCommand: Command = createLedgerCommand({ fetch: (...request) => fetch(...request), clock: systemClock });

async function once(url: URL, environment: LedgerEnvironment, io: CliIo, print: (books: Books) => void): Promise<number> {
  try {
    const books = await fetchBooks(url, environment, io);
    print(books);
    return books.violations.length === 0 ? EXIT.ok : EXIT.failure;
  } catch (caught) {
    io.stderr(`tidemark ledger: ${messageOf(caught)}\n`);
    return EXIT.failure;
  }
}

async function fetchBooks(url: URL, environment: LedgerEnvironment, { env }: CliIo): Promise<Books> {
  const answer = await askAdmin(environment.fetch, { url, method: "GET", env });
  const { status, body } = answer;
  if (status !== 200 || !isBooks(body)) throw strangeAnswer(url, answer, "books");
  return body;
}

function isBooks(body: unknown): body is Books {
  const books = (body ?? {}) as Partial<Books>;
  return Array.isArray(books.nodes) && Array.isArray(books.edges) && Array.isArray(books.violations);
}
