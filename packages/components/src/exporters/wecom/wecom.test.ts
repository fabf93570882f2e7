import { encodeAlerts, type Alert } from "@tidemark/alerting";
import { sampleAlert } from "@tidemark/alerting/testing";
import type { PipelineError } from "@tidemark/core";
import { testContext } from "@tidemark/core/testing";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { wecomConfig } from "./config.ts";
import { messageOf } from "./message.ts";
import type { WecomMessage } from "./message.ts";
import { RateWindow } from "./rate-window.ts";
import { startRobot } from "./testing/robot.ts";
import { WecomExporter } from "./wecom-exporter.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function rig(yaml: Record<string, unknown> = {}) {
  const robot = await startRobot();
  const context = testContext({ id: "wecom", kind: "exporter" });
  const exporter = new WecomExporter(wecomConfig.parse({ url: robot.url, ...yaml }), context);
  exporter.start();
  closers.push(async () => {
    exporter.shutdown();
    await robot.close();
  });
  const send = (alerts: readonly Alert[], signal: AbortSignal = new AbortController().signal): Promise<void> =>
    Promise.resolve(exporter.send(encodeAlerts(alerts, 0), { signal, rejected: () => undefined }));
  const failure = (alerts: readonly Alert[]): Promise<PipelineError> =>
    send(alerts).then(
      () => expect.unreachable("the robot took it"),
      (error: unknown) => error as PipelineError,
    );
  return { robot, context, exporter, send, failure };
}

const contentOf = (message: WecomMessage | undefined): string =>
  message?.msgtype === "markdown" ? message.markdown.content : (message?.text.content ?? "");
const numbered = (n: number): Alert[] =>
  Array.from({ length: n }, (_, i) => sampleAlert({ name: `alert ${i}`, evidence: { ...sampleAlert().evidence, roomId: `room-${i}` } }));
const none = { users: [], mobiles: [] };

describe("a message", () => {
  it.each([
    ["markdown-one", "markdown", numbered(1)],
    ["markdown-three", "markdown", [sampleAlert({ status: "resolved", endsAt: 1_760_000_060_000_000_000n }), ...numbered(2)]],
    ["markdown-digest", "markdown", numbered(60)],
    ["text-one", "text", numbered(1)],
    ["text-digest", "text", numbered(60)],
  ] as const)("%s is as agreed", async (name, format, alerts) => {
    const message = messageOf(alerts, {
      format,
      mentions: { users: ["lihua"], mobiles: [] },
      trace_url: "https://jaeger.example/trace/{trace_id}",
    });
    await expect(`${JSON.stringify(message, null, 2)}\n${contentOf(message)}\n`).toMatchFileSnapshot(`testdata/${name}.txt`);
  });

  it("says how many alerts it leaves out, and adds up", () => {
    for (const format of ["markdown", "text"] as const) {
      const content = contentOf(messageOf(numbered(60), { format, mentions: none }));
      const shown = content.split("\n").filter((line) => line.includes("trace_id=")).length;
      expect(content).toMatch(/^\**60 alerts: 60 firing, 0 resolved/);
      expect(Number(/and (\d+) more$/.exec(content)?.[1])).toBe(60 - shown);
      expect(shown).toBeGreaterThan(5);
    }
  });

  it("never exceeds the robot's limit, whatever users write", () => {
    const userText = fc.string({ unit: "binary", maxLength: 3000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        userText,
        userText,
        fc.constantFrom("markdown" as const, "text" as const),
        (n, roomId, summary, format) => {
          const alerts = numbered(n).map((alert) => ({
            ...alert,
            name: summary,
            summary,
            evidence: { ...alert.evidence, roomId, userAgent: roomId },
          }));
          const content = contentOf(messageOf(alerts, { format, mentions: { users: ["a", "b"], mobiles: [] } }));
          expect(Buffer.byteLength(content)).toBeLessThanOrEqual(format === "markdown" ? 4096 : 2048);
          expect(content.replace(/\n<@a> <@b>$/, "")).not.toContain("<@");
        },
      ),
      { numRuns: 60 },
    );
  });

  it("calls people only while something fires", () => {
    const mentions = { users: ["lihua"], mobiles: ["13800001111"] };
    const resolved = sampleAlert({ status: "resolved" });
    expect(messageOf([sampleAlert()], { format: "text", mentions })).toMatchObject({
      text: { mentioned_list: ["lihua"], mentioned_mobile_list: ["13800001111"] },
    });
    expect(messageOf([resolved], { format: "text", mentions })).toEqual({ msgtype: "text", text: { content: expect.any(String) } });
    expect(contentOf(messageOf([sampleAlert()], { format: "markdown", mentions })).endsWith("\n<@lihua>")).toBe(true);
    expect(contentOf(messageOf([resolved], { format: "markdown", mentions }))).not.toContain("<@");
  });
});

describe("wecom", () => {
  it("sends a message as the robot wants it", async () => {
    const { robot, send } = await rig();
    await send([sampleAlert()]);
    expect(robot.messages).toHaveLength(1);
    expect(robot.messages[0]?.contentType).toBe("application/json; charset=utf-8");
    expect(contentOf(robot.messages[0]?.body)).toContain("trace_id=0af7651916cd43dd8448eb211c80319c");
  });

  it.each([
    [93000, false, "the robot was removed or its key is wrong"],
    [40008, false, "format: text"],
    [40058, false, "errcode 40058"],
    [-1, true, "errcode -1"],
    [45009, true, "errcode 45009"],
  ])("reads errcode %i from an HTTP 200", async (errcode, retryable, message) => {
    const { robot, failure } = await rig();
    robot.failNext(errcode, `refused, key=${robot.key}\nmore`);
    const error = await failure([sampleAlert()]);
    expect(error).toMatchObject({ retryable });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain(robot.key);
  });

  it("retries what is no answer of the robot", async () => {
    const { robot, failure } = await rig();
    robot.breakNext(502);
    expect(await failure([sampleAlert()])).toMatchObject({ retryable: true });
    robot.breakNext(200);
    expect(await failure([sampleAlert()])).toMatchObject({
      retryable: true,
      message: expect.stringContaining("did not answer as a WeCom robot does"),
    });
    robot.breakNext(404);
    expect(await failure([sampleAlert()])).toMatchObject({ retryable: false });
  });

  it("is quiet for a minute after 45009", async () => {
    const { robot, context, send, failure } = await rig();
    robot.failNext(45009);
    expect(await failure([sampleAlert()])).toMatchObject({ retryAfterMs: 60_000 });
    const again = send([sampleAlert()]);
    await context.clock.advance(59_999);
    expect(robot.requests()).toBe(1);
    await context.clock.advance(1);
    await again;
    expect(robot.requests()).toBe(2);
  });

  it("sends 100 alerts of one second in at most 20 messages a minute, and none is lost", async () => {
    const { robot, context, send } = await rig();
    const sent: Promise<void>[] = [];
    for (const alert of numbered(100)) {
      const done = send([alert]);
      sent.push(done);
      // The first twenty go out one by one; the others find the minute used up.
      if (sent.length <= 20) await done;
    }
    await context.clock.advance(1000);
    expect(robot.messages).toHaveLength(20);
    await context.clock.advance(58_999);
    expect(robot.messages).toHaveLength(20);
    await context.clock.advance(1);
    await Promise.all(sent);
    expect(robot.messages).toHaveLength(21);
    expect(contentOf(robot.messages.at(-1)?.body)).toContain("80 alerts: 80 firing");
  });

  it("gives a batch back when its time is up before its turn, without sending it", async () => {
    const { robot, send } = await rig({ messages_per_minute: 1 });
    await send([sampleAlert()]);
    const limit = new AbortController();
    const late = send([sampleAlert()], limit.signal);
    limit.abort();
    await expect(late).rejects.toMatchObject({ code: "resource_exhausted", retryable: true, retryAfterMs: 60_000 });
    expect(robot.requests()).toBe(1);
  });

  it("gives up a request that takes too long", async () => {
    const { context, failure, robot } = await rig({ url: "http://127.0.0.1:9/?key=k", request_timeout: "5s" });
    const failed = failure([sampleAlert()]);
    await context.clock.advance(5000);
    expect(await failed).toMatchObject({ retryable: true });
    expect(robot.requests()).toBe(0);
  });

  it("leaves nothing running after shutdown", async () => {
    const { context, exporter, send } = await rig({ messages_per_minute: 1 });
    await send([sampleAlert()]);
    const waiting = send([sampleAlert()]);
    exporter.shutdown();
    await expect(waiting).rejects.toMatchObject({ retryable: true });
    expect(context.clock.pending).toBe(0);
  });
});

describe("the rate window", () => {
  it("lets no window of a minute hold more than its limit, and wastes none", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (waits, limit) => {
        const window = new RateWindow(limit, 60_000);
        const sent: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          const recent = sent.filter((at) => at > now - 60_000);
          const delay = window.delay(now);
          expect(delay === 0).toBe(recent.length < limit);
          now += delay;
          window.take(now);
          sent.push(now);
          expect(sent.filter((at) => at > now - 60_000).length).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});

describe("the configuration", () => {
  it.each([
    [{ mentions: { mobiles: ["1"] } }, ["mentions", "mobiles"]],
    [{ mentions: { users: ["@all"] } }, ["mentions", "users"]],
    [{ mentions: { users: ["a b"] } }, ["mentions", "users", 0]],
    [{ url: "ftp://x" }, ["url"]],
    [{ messages_per_minute: 21 }, ["messages_per_minute"]],
  ])("rejects %j", (yaml, path) => {
    expect(wecomConfig.safeParse({ url: "https://x/?key=k", ...yaml }).error?.issues[0]?.path).toEqual(path);
  });
});
