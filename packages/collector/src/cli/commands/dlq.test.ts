import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeadLetters } from "@tidemark/components/dead-letters";
import { fileStorageExtension } from "@tidemark/components/extensions/file_storage";
import type { Extension, Storage } from "@tidemark/core";
import { testContext, type VirtualClock } from "@tidemark/core/testing";
import { logs, traces } from "@tidemark/otlp/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CliResult } from "../../testing/cli-process.ts";
import { parseArguments } from "../arguments.ts";
import { EXIT, UsageError } from "../io.ts";
import { createDlqCommand } from "./dlq.ts";

const HOUR_MS = 3_600_000;

let directory: string;
let clock: VirtualClock;
let storage: Storage;
let extension: Extension;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidemark-dlq-"));
  const context = testContext({ id: "file_storage", kind: "extension" });
  ({ clock } = context);
  extension = fileStorageExtension.create(fileStorageExtension.config.parse({ directory, min_free_bytes: 0, fsync: false }), context);
  await extension.start?.();
  storage = extension.storage!;
});

afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true });
});

async function stop(): Promise<void> {
  await extension.shutdown?.(AbortSignal.abort());
}

async function bury(owner: string, name: string, reason: string, message = "400 Bad Request"): Promise<void> {
  const batch = traces({ resource: { "service.name": "chat" }, spans: [{ name, attributes: { room_id: "room-7" } }] });
  const record = { signal: "traces", items: 1, bytes: batch.encode(), receivedAt: clock.now() - 5000, transport: "grpc" } as const;
  await storage.buryNew(owner, record, { reason, message, attempts: 6 });
}

/** Three letters, an hour apart. */
async function buryThree(): Promise<void> {
  await bury("exporter/otlp_http", "deliver", "rejected");
  await clock.advance(HOUR_MS);
  await bury(
    "exporter/otlp_http/eu",
    "typing",
    "retries_exhausted",
    "no more retries left: \u001b[31mconnect ECONNREFUSED\n127.0.0.1:4318",
  );
  await clock.advance(HOUR_MS);
  const record = {
    signal: "logs",
    items: 2,
    bytes: logs({ records: [{ body: "a" }, { body: "b" }] }).encode(),
    receivedAt: 0,
    transport: "http",
  } as const;
  const metadata = new Map([["x-tenant", ["acme"]]]);
  await storage.buryNew("exporter/otlp_http", { ...record, metadata }, { reason: "rejected", message: "unknown tenant", attempts: 1 });
}

/** Runs `tidemark dlq` in this process; DIR stands for the storage. */
async function dlq(...args: readonly string[]): Promise<CliResult> {
  const texts = { stdout: "", stderr: "" };
  const io = {
    stdout: (text: string) => void (texts.stdout += text),
    stderr: (text: string) => void (texts.stderr += text),
    env: {},
    color: false,
    readFile: () => Promise.reject(new Error("nothing is read here")),
  };
  const command = createDlqCommand(clock);
  try {
    const parsed = parseArguments(
      args.map((arg) => (arg === "DIR" ? directory : arg)),
      command.options,
      true,
    );
    const code = await command.run(parsed, io);
    return { code, stdout: texts.stdout.replaceAll(directory, "DIR"), stderr: texts.stderr.replaceAll(directory, "DIR") };
  } catch (caught) {
    if (caught instanceof UsageError) return { code: EXIT.usage, stdout: texts.stdout, stderr: caught.message };
    throw caught;
  }
}

const transcript = (args: readonly string[], { code, stdout, stderr }: CliResult): string =>
  `$ tidemark dlq ${args.join(" ")}\n${stdout}${stderr === "" ? "" : `stderr: ${stderr}`}exit code ${code}\n`;

describe("tidemark dlq", () => {
  it("lists, shows, and asks before it drops", async () => {
    await buryThree();
    const texts: string[] = [];
    for (const args of [
      ["ls", "DIR"],
      ["ls", "DIR", "--owner", "exporter/otlp_http", "--limit", "1"],
      ["ls", "DIR", "--reason", "too_large"],
      ["replay", "DIR", "--owner", "otlp_http"],
      ["show", "DIR", "1", "3"],
      ["drop", "DIR", "--signal", "logs"],
      ["drop", "DIR", "--signal", "logs", "--yes"],
      ["ls", "DIR"],
      ["drop", "DIR", "--all", "--yes"],
      ["ls", "DIR"],
      ["replay", "DIR", "--all"],
      ["show", "DIR", "7"],
    ])
      texts.push(transcript(args, await dlq(...args)));
    await expect(texts.join("\n")).toMatchFileSnapshot("../testdata/dlq.txt");
  });

  it("shows what the far side said, and not where that is", async () => {
    const to = "request to http://otlp.example.com:4318/v1/traces";
    const message = `no more retries left: error exporting items, ${to} responded with HTTP Status Code 503, Message=busy`;
    await bury("exporter/a", "deliver", "retries_exhausted", message);
    await bury("exporter/a", "deliver", "stopped", `${to} failed: connect ECONNREFUSED 192.0.2.1:4318`);
    const rows = (await dlq("ls", "DIR")).stdout.split("\n");
    expect(rows[1]).toMatch(/ {2}no more retries left: HTTP Status Code 503, Message=busy$/);
    expect(rows[2]).toMatch(/ {2}connect ECONNREFUSED 192\.0\.2\.1:4318$/);
    expect((await dlq("show", "DIR", "1")).stdout).toContain(message);
  });

  it("prints JSON for programs, data and all", async () => {
    await buryThree();
    const list = JSON.parse((await dlq("ls", "DIR", "--json")).stdout) as { letters: { id: string }[]; totals: object };
    expect(list.letters.map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect(list.totals).toMatchObject({ letters: 3, items: 4, replaying: 0 });
    const [shown] = JSON.parse((await dlq("show", "DIR", "3", "--json")).stdout) as object[];
    expect(shown).toMatchObject({
      id: "3",
      owner: "exporter/otlp_http",
      metadata: { "x-tenant": ["acme"] },
      data: { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "a" } }, { body: { stringValue: "b" } }] }] }] },
    });
  });

  it.each<[readonly string[], readonly string[]]>([
    [
      ["--since", "90m"],
      ["2", "3"],
    ],
    [["--until", "90m"], ["1"]],
    [["--since", "2025-10-09T09:00:00Z", "--reason", "rejected"], ["3"]],
    [["--contains", "typing"], ["2"]],
    [["--contains", "room-7", "--limit", "1"], ["1"]],
    [
      ["--signal", "traces"],
      ["1", "2"],
    ],
  ])("chooses by %j", async (filter, ids) => {
    await buryThree();
    const { letters } = JSON.parse((await dlq("ls", "DIR", "--json", ...filter)).stdout) as { letters: { id: string }[] };
    expect(letters.map(({ id }) => id)).toEqual(ids);
  });

  it("sends letters back to a running queue, and says so when they are there", async () => {
    await buryThree();
    const queue = await storage.openQueue("exporter/otlp_http");
    const replaying = (): number => new DeadLetters(directory).totals().replaying;
    const replay = dlq("replay", "DIR", "--owner", "exporter/otlp_http");
    await expect.poll(replaying).toBe(2);
    await clock.advance(1000);
    await expect.poll(replaying).toBe(0);
    await clock.advance(200);
    expect(await replay).toEqual({
      code: 0,
      stdout: "2 dead letters will be sent again.\n2 dead letters back in the sending queue.\n",
      stderr: expect.any(String),
    });
    expect((await queue.read(0, 10)).map(({ items }) => items)).toEqual([1, 2]);
    expect((await dlq("ls", "DIR", "--json")).stdout).toContain('"letters": 1');
  });

  it("stops waiting for a queue that nobody empties, and shows how far it has come", async () => {
    await buryThree();
    let isDone = false;
    const replay = dlq("replay", "DIR", "--all").finally(() => (isDone = true));
    while (!isDone) {
      await clock.advance(100);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    const { code, stderr } = await replay;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sent back 0 of 3 dead letters, 0\.0\/s; 3 left\n/);
    expect(stderr).toMatch(/3 dead letters still waiting: the queue is full, or its exporter is not in the configuration/);
  });

  it("leaves letters to the next start where no collector runs", async () => {
    await buryThree();
    await stop();
    expect(await dlq("replay", "DIR", "2")).toEqual({
      code: 0,
      stdout: "1 dead letter will be sent again.\nNo collector runs on DIR: the next one that starts there sends them.\n",
      stderr: "",
    });
    expect((await dlq("ls", "DIR")).stdout).toContain("retries_exhausted (replaying)");
    expect((await dlq("replay", "DIR", "2")).stderr).toBe("1 dead letter not asked for: gone, asked for before, or damaged\n");
  });

  it.each<[readonly string[], string]>([
    [[], "say what to do: ls, show, replay or drop"],
    [["rm", "DIR"], 'there is no "dlq rm": ls, show, replay or drop'],
    [["ls"], "name the directory of a file_storage, or its configuration: --config FILE"],
    [["drop", "DIR", "--yes"], "say which dead letters to drop: ids, filters, or --all"],
    [["replay", "DIR", "--all", "--owner", "a"], "--all goes without ids and filters"],
    [["show", "DIR", "1", "--owner", "a"], "give ids or filters, not both: --owner and 1"],
    [["replay", "DIR", "1", "--yes"], '"dlq replay" has no option --yes'],
    [["ls", "DIR", "--since", "yesterday"], '"yesterday" is not a time; write --since 2026-08-21T09:00:00Z, or --since 2h'],
    [["ls", "DIR", "--limit", "-1"], '"-1" is not a number; write --limit 100'],
    [["ls", "DIR", "--limit", "few"], '"few" is not a number; write --limit 100'],
    [["ls", "DIR", "--storage", "x"], "--storage goes with --config FILE"],
  ])("%j is a usage error", async (args, message) => {
    expect(await dlq(...args)).toEqual({ code: 2, stdout: "", stderr: message });
  });

  it("says so when there is no storage", async () => {
    expect(await dlq("ls", join(tmpdir(), "tidemark-none"))).toEqual({
      code: 1,
      stdout: "",
      stderr: `tidemark dlq: there is no storage in ${join(tmpdir(), "tidemark-none")}: give the "directory" of a file_storage extension\n`,
    });
  });

  it("says so when the storage is damaged", async () => {
    await stop();
    await writeFile(join(directory, "state.db"), "no database".repeat(1000));
    expect(await dlq("ls", "DIR")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^tidemark dlq: state\.db of the storage is damaged \(file is not a database\); "recreate: true" of file_storage /,
      ),
    });
  });

  it("goes on without ids that there are not, and says which", async () => {
    await buryThree();
    const { code, stdout, stderr } = await dlq("drop", "DIR", "2", "9", "2", "--yes");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "Dropped 1 dead letter.\n",
      stderr: "There is no dead letter 9; see: tidemark dlq ls\n",
    });
  });

  it("tells wrong filters first, and a file from a directory", async () => {
    const file = join(directory, "c.yaml");
    await writeFile(file, "");
    expect(await dlq("ls", file)).toMatchObject({
      code: 1,
      stderr: "tidemark dlq: 'DIR/c.yaml' is a file: give the \"directory\" of a file_storage extension\n",
    });
    expect((await dlq("ls", file, "--since", "yesterday")).stderr).toContain('"yesterday" is');
  });

  it("finds the directory in a configuration", async () => {
    await buryThree();
    const file = join(directory, "c.yaml");
    const yaml = (extensions: string, used: string): string => `
receivers: { otlp: { protocols: { grpc: {} } } }
exporters: { debug: {} }
extensions: { ${extensions} }
service: { extensions: [${used}], pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }
`;
    const run = async (text: string, ...args: readonly string[]): Promise<CliResult> => {
      await writeFile(file, text);
      return dlq("ls", "--config", `yaml:${text}`, ...args);
    };
    const one = `file_storage: { directory: "${directory}" }`;
    expect((await run(yaml(one, "file_storage"))).stdout).toContain("3 dead letters: 4 items");
    const two = `${one}, file_storage/b: { directory: "${directory}/none" }`;
    const several = await run(yaml(two, "file_storage, file_storage/b"));
    expect(several.stderr).toBe("the configuration has several storages; add --storage with one of file_storage, file_storage/b");
    expect((await run(yaml(two, "file_storage, file_storage/b"), "--storage", "file_storage")).stdout).toContain("3 dead letters");
    expect((await run(yaml("health_check: {}", "health_check"))).stderr).toContain("the configuration has no file_storage extension");
  });
});
