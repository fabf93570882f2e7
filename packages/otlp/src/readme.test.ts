import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openBatch } from "./index.ts";
import { onlyRooms } from "./testdata/readme-example.ts";
import { traces } from "./testing/index.ts";

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

describe("the example of README.md", () => {
  it("is the code that is tried here", () => {
    const code = text("testdata/readme-example.ts").replace("../index.ts", "@tidemark/otlp");
    expect(text("../README.md")).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it("does what it says", () => {
    const received = traces({
      spans: [
        { name: "deliver", durationMs: 12, attributes: { room_id: "blue", "user.email": "a@example.com" } },
        { name: "health", attributes: { "user.email": "b@example.com" } },
      ],
    }).encode();
    const told: string[] = [];
    const spans = openBatch(
      "traces",
      onlyRooms(received, (line) => told.push(line)),
    ).items();
    expect(told).toEqual(["deliver blue 12 ms"]);
    expect(spans.next()).toBe(true);
    expect(spans.attributes.toObject()).toEqual({ room_id: "blue" });
    expect(spans.next()).toBe(false);
  });
});
