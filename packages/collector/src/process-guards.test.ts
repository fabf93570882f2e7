import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { componentOf } from "./process-guards.ts";

const GUARDS = new URL("process-guards.ts", import.meta.url).href;

/** In a process of its own: the test runner has handlers too. */
const PROGRAM = `
import { reportUnexpected } from ${JSON.stringify(GUARDS)};
const release = reportUnexpected((component) => ({ error: (message, fields) => console.log(JSON.stringify([component, fields.error])) }));
const lost = new Error("lost promise");
lost.stack = "Error: lost promise\\n    at send (/app/packages/components/src/exporters/webhook/webhook.ts:1:1)";
Promise.reject(lost);
setTimeout(() => { throw new Error("in a timer"); }, 1);
setTimeout(() => { release(); console.log("alive"); }, 50);
`;

it("reports what nobody caught, under its component, and the process lives", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM]);
  expect(stdout.trim().split("\n")).toEqual(['["exporter/webhook","lost promise"]', '["","in a timer"]', "alive"]);
});

describe("componentOf", () => {
  it("finds the component in a stack trace", () => {
    expect(componentOf("Error: x\n    at f (file:///app/packages/components/src/processors/memory_limiter/memory.ts:3:9)")).toBe(
      "processor/memory_limiter",
    );
    expect(componentOf("Error: x\n    at f (C:\\app\\dist\\exporters\\file\\index.js:3:9)")).toBe("exporter/file");
    expect(componentOf("Error: x\n    at f (node:events:3:9)")).toBe("");
  });
});
