import { systemClock, type Clock, type LedgerSnapshot } from "@tidemark/core";
import type { Command } from "../command.ts";
import { EXIT, UsageError, type CliIo } from "../io.ts";
import { ledgerText } from "../ledger-text.ts";
import { keepAlive } from "../process-guards.ts";

const STANDARD_URL = "http://localhost:13135";
const TOKEN = "TIDEMARK_ADMIN_TOKEN";
const TIMEOUT_MS = 5000;
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
    details: `The collector needs the extension admin. A token for it is taken from ${TOKEN}. The exit code is 1 when the books do not balance.`,
    takesFiles: false,
    options: {
      admin: { value: "URL", description: `The collector's admin extension (default ${STANDARD_URL}).` },
      json: { description: "Print the books as JSON." },
      watch: { description: "Print them again every second, until a signal ends it." },
    },
    run: async (args, io) => {
      const base = args.value("admin") ?? STANDARD_URL;
      if (!URL.canParse(base)) throw new UsageError(`"${base}" is not a URL; write --admin ${STANDARD_URL}`);
      const url = new URL("/-/ledger", base);
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
    io.stderr(`tidemark ledger: ${caught instanceof Error ? caught.message : String(caught)}\n`);
    return EXIT.failure;
  }
}

async function fetchBooks(url: URL, { fetch: get }: LedgerEnvironment, { env }: CliIo): Promise<Books> {
  const token = env[TOKEN] ?? "";
  const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
  const response = await get(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((caught: unknown) => {
    throw new Error(`${url.origin} cannot be asked: ${reasonOf(caught)}; does a collector run there, with the extension admin?`);
  });
  const body = await response.text();
  if (response.status === 401) throw new Error(`${url.origin} asks for a token: ${body.trim()}; set ${TOKEN}`);
  const books = response.ok ? parse(body) : undefined;
  if (books === undefined) throw new Error(`${url.href} answered ${response.status}, and not with books; is it an admin extension?`);
  return books;
}

function parse(body: string): Books | undefined {
  try {
    const books = JSON.parse(body) as Books;
    return Array.isArray(books.nodes) && Array.isArray(books.edges) && Array.isArray(books.violations) ? books : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(caught: unknown): string {
  const cause = caught instanceof Error && caught.cause instanceof Error ? caught.cause : caught;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message === "" && "code" in cause ? String(cause.code) : cause.message;
}
