import { VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { telemetryDefaults } from "../testing/telemetry-defaults.ts";
import { createLogging } from "./create-logging.ts";
import { formatJson, formatLine } from "./format.ts";

const TIME = Date.parse("2026-08-21T09:00:00.5Z");

function logging(settings: Partial<ReturnType<typeof telemetryDefaults>["logs"]>, clock = new VirtualClock(TIME)) {
  const lines: string[] = [];
  return { lines, clock, logger: createLogging({ ...telemetryDefaults().logs, ...settings }, clock, (line) => lines.push(line)) };
}

describe("JSON lines", () => {
  it("hold nothing that a terminal obeys, and read back as they were", () => {
    const event = { time: TIME, level: "info" as const, component: "", message: "a\u009b2Jb\u2028\u001b[31m", fields: {} };
    const line = formatJson(event, {});
    expect(line).toMatch(/^[\u0020-\u007e]*$/);
    expect((JSON.parse(line) as { msg: string }).msg).toBe(event.message);
  });
});

describe("log lines", () => {
  it("say when, how bad, who, what, and the fields", () => {
    const event = {
      time: TIME,
      level: "warn",
      component: "exporter/otlp_http",
      message: "Refused.",
      fields: { code: 503, why: "too busy", none: undefined },
    } as const;
    expect(formatLine(event)).toBe('2026-08-21T09:00:00.500Z warn  exporter/otlp_http: Refused. code=503 why="too busy"');
  });

  it("show control characters instead of obeying them, and never let a value begin a new line", () => {
    const event = {
      time: TIME,
      level: "info",
      component: "",
      message: "a\u001b[31mb\rc",
      fields: { agent: "x\n2026 error\u009b" },
    } as const;
    expect(formatLine(event)).toBe('2026-08-21T09:00:00.500Z info  a\\u001b[31mb\\u000dc agent="x\\n2026 error\\u009b"');
  });

  it("show a text of several lines below the line, indented, and as one value in JSON", () => {
    const error = ["a.yaml:3:5  CFG_UNKNOWN_FIELD", "", "  fix: remove\u001b[31m it\n2026 error"];
    const event = {
      time: TIME,
      level: "error",
      component: "",
      message: "No.",
      fields: { error, trigger: "SIGHUP", short: ["one line"] },
    } as const;
    expect(formatLine(event)).toBe(
      [
        '2026-08-21T09:00:00.500Z error No. trigger=SIGHUP short="one line"',
        "  error:",
        "    a.yaml:3:5  CFG_UNKNOWN_FIELD",
        "",
        "      fix: remove\\u001b[31m it\\u000a2026 error",
      ].join("\n"),
    );
    const line = formatJson(event, {});
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({ error: error.join("\n"), short: "one line" });
  });

  it("are JSON objects with the Collector's keys when asked", () => {
    const event = {
      time: TIME,
      level: "error",
      component: "processor/batch/big@traces/in",
      message: "Lost.",
      fields: { items: 12n },
    } as const;
    expect(JSON.parse(formatJson(event, { zone: "eu-1" }))).toEqual({
      level: "error",
      ts: "2026-08-21T09:00:00.500Z",
      msg: "Lost.",
      zone: "eu-1",
      "otelcol.component.kind": "processor",
      "otelcol.component.id": "batch/big",
      "otelcol.pipeline.id": "traces/in",
      items: "12",
    });
  });
});

describe("createLogging", () => {
  it("leaves out what is below the level", () => {
    const { lines, logger } = logging({ level: "WARN" });
    logger("").info("no");
    logger("").warn("yes");
    logger("").error("yes too");
    expect(lines).toHaveLength(2);
  });

  it("thins out equal lines in each window, and says different ones all", async () => {
    const { lines, logger, clock } = logging({ sampling: { enabled: true, tick: 10_000, initial: 2, thereafter: 3 } });
    for (let i = 0; i < 8; i += 1) logger("a").info("again");
    logger("b").info("again");
    // 1, 2, then the 5th and the 8th; and the one of b.
    expect(lines).toHaveLength(5);
    await clock.advance(10_000);
    logger("a").info("again");
    expect(lines).toHaveLength(6);
  });

  it("leaves stack traces out when they are not wanted", () => {
    const stack = ["Error: x", "    at y"];
    const [all, none] = [false, true].map((disable) => logging({ disable_stacktrace: disable }));
    for (const { logger } of [all!, none!]) logger("").error("Oops.", { error: "x", stack });
    expect(all!.lines[0]).toContain("at y");
    expect(none!.lines).toEqual([expect.stringMatching(/Oops\. error=x$/)]);
  });

  it("writes everything when sampling is off", () => {
    const { lines, logger } = logging({ sampling: { enabled: false, tick: 10_000, initial: 0, thereafter: 0 } });
    for (let i = 0; i < 30; i += 1) logger("").info("again");
    expect(lines).toHaveLength(30);
  });
});
