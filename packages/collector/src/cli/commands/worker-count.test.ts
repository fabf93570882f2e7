import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../arguments.ts";
import { runCommand } from "./run.ts";
import { workerCount } from "./worker-count.ts";

const countOf = (...args: string[]): number => workerCount(parseArguments(args, runCommand.options, true));

describe("--workers", () => {
  it("is one process unless the user wants more", () => {
    expect([countOf(), countOf("--workers", "1"), countOf("--workers=3"), countOf("--workers", "auto")]).toEqual([
      1,
      1,
      3,
      availableParallelism(),
    ]);
  });

  it.each(["0", "-1", "2.5", "many", "1000"])("is not %s", (text) => {
    expect(() => countOf(`--workers=${text}`)).toThrow(`"${text}" is no number of workers; write --workers 4`);
  });
});
