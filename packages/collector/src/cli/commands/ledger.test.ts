import type { LedgerSnapshot, NodeRow } from "@tidemark/core";
import { VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import type { CliResult } from "../../testing/cli-process.ts";
import { parseArguments } from "../arguments.ts";
import { createLedgerCommand } from "./ledger.ts";

const NOTHING = {
  received: 0,
  restored: 0,
  passed: 0,
  delivered: 0,
  dropped: {},
  refused: 0,
  failed: 0,
  lost: {},
  deadLettered: 0,
  held: 0,
  stored: 0,
  missing: 0,
};
const row = (key: string, kind: NodeRow["kind"], counts: Partial<NodeRow>): NodeRow => ({ ...NOTHING, key, kind, id: key, ...counts });

const BOOKS: LedgerSnapshot = {
  nodes: [
    row("receiver/otlp", "receiver", { received: 120_000, passed: 120_000 }),
    row("processor/filter@traces", "processor", { received: 120_000, passed: 119_000, dropped: { filtered: 900, too_old: 100 } }),
    row("exporter/otlp_http", "exporter", {
      received: 119_000,
      restored: 500,
      delivered: 118_000,
      failed: 200,
      lost: { partly_rejected: 200 },
      refused: 50,
      deadLettered: 250,
      held: 1000,
      stored: 990,
    }),
  ],
  edges: [
    { kind: "data", from: "receiver/otlp", to: "processor/filter@traces", items: 120_000 },
    { kind: "data", from: "processor/filter@traces", to: "exporter/otlp_http", items: 119_000 },
  ],
  violations: [],
};

interface Asked {
  readonly url: string;
  readonly authorization: string | null;
}

async function ledger(
  args: readonly string[],
  respond: () => Response | Promise<Response>,
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult & { asked: readonly Asked[] }> {
  const texts = { stdout: "", stderr: "" };
  const asked: Asked[] = [];
  const command = createLedgerCommand({
    clock: new VirtualClock(),
    fetch: async (url, init) => {
      asked.push({
        url: url instanceof Request ? url.url : url.toString(),
        authorization: new Headers(init?.headers).get("authorization"),
      });
      return respond();
    },
  });
  const io = {
    stdout: (text: string) => void (texts.stdout += text),
    stderr: (text: string) => void (texts.stderr += text),
    env,
    color: false,
    readFile: () => Promise.reject(new Error("nothing is read here")),
  };
  const code = await command.run(parseArguments(args, command.options, false), io);
  return { code, ...texts, asked };
}

const answer =
  (books: LedgerSnapshot): (() => Response) =>
  () =>
    Response.json({ time: "2026-08-21T09:00:00.000Z", ...books });

describe("tidemark ledger", () => {
  it("prints the books, and that they balance", async () => {
    const { code, stdout, stderr, asked } = await ledger([], answer({ ...BOOKS, nodes: BOOKS.nodes.toReversed() }));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(asked).toEqual([{ url: "http://localhost:13135/-/ledger", authorization: null }]);
    await expect(stdout).toMatchFileSnapshot("../testdata/ledger.txt");
  });

  it("ends with 1 and says where when they do not", async () => {
    const violations = ["processor/filter@traces lost track of 3 items: received 10"];
    const { code, stdout } = await ledger([], answer({ ...BOOKS, violations }));
    expect(code).toBe(1);
    expect(stdout).toContain("\nThe books do not balance:\n  processor/filter@traces lost track of 3 items: received 10\n");
  });

  it("asks where it is told, with the token of its environment, and gives JSON", async () => {
    const { stdout, asked } = await ledger(["--json", "--admin", "https://gateway:9/base"], answer(BOOKS), {
      TIDEMARK_ADMIN_TOKEN: "s3cret",
    });
    expect(asked).toEqual([{ url: "https://gateway:9/-/ledger", authorization: "Bearer s3cret" }]);
    expect(JSON.parse(stdout)).toEqual({ time: "2026-08-21T09:00:00.000Z", ...BOOKS });
  });

  it.each<[string, () => Response | Promise<Response>, string]>([
    [
      "nobody",
      () => Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code: "ECONNREFUSED" }) })),
      "nothing listens at http://localhost:13135; start the collector with the extension admin, or name its address: --admin URL",
    ],
    [
      "one that wants a token",
      () => new Response("401: missing or empty authorization header: authorization\n", { status: 401 }),
      "http://localhost:13135 asks for a token (missing or empty authorization header: authorization); set TIDEMARK_ADMIN_TOKEN",
    ],
    [
      "another server",
      () => new Response("<html>"),
      "http://localhost:13135/-/ledger answered 200, and not with books; name a collector's admin extension: --admin URL",
    ],
    [
      "another server without the page",
      () => Response.json({ error: "not found" }, { status: 404 }),
      "http://localhost:13135/-/ledger answered 404, and not with books; name a collector's admin extension: --admin URL",
    ],
  ])("says what is wrong when %s is there", async (_who, respond, message) => {
    expect(await ledger([], respond)).toMatchObject({ code: 1, stdout: "", stderr: `tidemark ledger: ${message}\n` });
  });

  it("refuses what is no URL", async () => {
    await expect(ledger(["--admin", "localhost"], answer(BOOKS))).rejects.toThrow(
      '"localhost" is not an http or https URL; write --admin http://localhost:13135',
    );
  });
});
