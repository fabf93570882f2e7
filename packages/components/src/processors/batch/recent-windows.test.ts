import { describe, expect, it } from "vitest";
import { RecentWindows } from "./recent-windows.ts";

describe("RecentWindows", () => {
  it("knows nothing before the first flush", () => {
    expect(new RecentWindows().largest).toBeUndefined();
  });

  it("forgets a large window after sixteen smaller ones", () => {
    const windows = new RecentWindows();
    windows.record(10);
    for (let at = 0; at < 15; at += 1) windows.record(2);
    expect(windows.largest).toBe(10);
    windows.record(3);
    expect(windows.largest).toBe(3);
  });
});
