import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeSpan, escapeMarkdown, escapeText } from "./escape.ts";
import { renderLink } from "./link.ts";
import { formatNumber, renderLine, renderMarkdown, renderText } from "./render.ts";
import { sampleAlert } from "./testing/index.ts";

const golden = (name: string): string => join(import.meta.dirname, "testdata", name);
const traceUrl = "https://jaeger.example/trace/{trace_id}?start={starts_at_us}";

const firing = sampleAlert();
const resolved = sampleAlert({ status: "resolved", endsAt: 1_760_000_060_000_000_000n, value: 101 });
const bare = sampleAlert({
  resource: {},
  labels: {},
  unit: "",
  evidence: { traceId: "", spanId: "", roomId: "", userAgent: "", baggage: {}, samples: [] },
});
const hostile = sampleAlert({
  evidence: {
    ...firing.evidence,
    roomId: "r`1`\n> [click](http://evil.example) <@all>",
    userAgent: '\u202Eresu\u0007 <font color="warning">**bold**</font> <@boss>\u2028',
    baggage: { tenant_id: "`<@x>`" },
  },
});

describe("renderings", () => {
  it.each([
    ["firing", firing],
    ["resolved", resolved],
    ["bare", bare],
    ["hostile", hostile],
  ])("of a %s alert are as agreed", async (name, alert) => {
    const all = [renderText(alert, { traceUrl }), renderMarkdown(alert, { traceUrl }), renderLine(alert)].join("\n\n-----\n\n");
    await expect(`${all}\n`).toMatchFileSnapshot(golden(`render-${name}.txt`));
  });

  it("all name service, metric, value, threshold and the three ids", () => {
    for (const rendered of [renderText(firing), renderMarkdown(firing), renderLine(firing)]) {
      for (const part of [
        "chat-gateway",
        "chat.delivery.latency",
        "812.4 ms",
        "152.25 ms",
        "trace_id=0af7651916cd43dd8448eb211c80319c",
        "room_id=room-42",
        "user_agent=ChatApp/5.1 (iPhone; iOS 19.1)",
      ]) {
        expect(rendered).toContain(part);
      }
    }
  });

  it("stay on their lines and mention nobody, whatever users write", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (roomId, userAgent) => {
        const alert = sampleAlert({ evidence: { ...firing.evidence, roomId: `${roomId}<@a>`, userAgent: `<@b>\n${userAgent}` } });
        for (const [rendered, lines] of [
          [renderText(alert), renderText(firing)],
          [renderMarkdown(alert), renderMarkdown(firing)],
        ] as const) {
          expect(rendered).not.toContain("<@");
          expect(rendered.split("\n").length).toBe(lines.split("\n").length);
          expect(rendered).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        }
      }),
    );
  });
});

describe("escaping", () => {
  it("leaves no way out of a code span and no Markdown in running text", () => {
    expect(codeSpan("a`b`c", 100)).toBe("`a'b'c`");
    expect(escapeMarkdown("**[x](y)** # `z` <font>", 100)).not.toMatch(/[*[\]#`<>]/);
    expect(escapeText("line\r\nbreak <@all> \u{e0041}\u200b", 100)).toBe("line break ＜@all> ");
  });

  it("keeps emoji that are joined by U+200D", () => {
    expect(escapeText("👩‍💻", 100)).toBe("👩‍💻");
  });
});

describe("renderLink", () => {
  it("encodes what it fills in and leaves what it does not know", () => {
    const alert = sampleAlert({ evidence: { ...firing.evidence, roomId: "a/b (c)&d" } });
    expect(renderLink("https://x/{room_id}?t={starts_at_ms}&u={starts_at_us}&v={nothing}", alert)).toBe(
      "https://x/a%2Fb%20%28c%29%26d?t=1760000000000&u=1760000000000000&v={nothing}",
    );
  });
});

describe("formatNumber", () => {
  it.each([
    [812.4000000001, "812.4"],
    [0.1 + 0.2, "0.3"],
    [1234567, "1234570"],
    [Number.NaN, "NaN"],
    [undefined, "-"],
  ])("writes %s as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
