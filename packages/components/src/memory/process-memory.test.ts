import { totalmem } from "node:os";
import { describe, expect, it } from "vitest";
import { processMemory } from "./process-memory.ts";

const MIB = 1024 * 1024;

describe("memory of the process", () => {
  it("counts buffers outside the heap while they live, and not after a collection", () => {
    const memory = processMemory();
    memory.collect();
    const before = memory.usedBytes();
    const held = [Buffer.alloc(64 * MIB, 1)];
    expect(memory.usedBytes() - before).toBeGreaterThan(60 * MIB);
    held.length = 0;
    memory.collect();
    expect(memory.usedBytes() - before).toBeLessThan(10 * MIB);
  });

  it("may be all that the machine has, or less", () => {
    const total = processMemory().totalBytes();
    expect(total).toBeGreaterThan(16 * MIB);
    expect(total).toBeLessThanOrEqual(totalmem());
  });
});
