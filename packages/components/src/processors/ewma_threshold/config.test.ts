import { describe, expect, it } from "vitest";
import { ewmaThresholdConfig } from "./config.ts";

describe("the configuration", () => {
  it.each([
    [{ sigma: 3, multiplier: 2 }, "sigma", "exclude each other"],
    [{ severity: "loud" }, "severity", '"loud" is not known'],
    [{ half_life: "0s" }, "half_life", "longer than 0s"],
  ])("rejects %j", (yaml, path, message) => {
    const { error } = ewmaThresholdConfig.safeParse(yaml);
    expect(error?.issues[0]?.path).toEqual([path]);
    expect(error?.issues[0]?.message).toContain(message);
  });
});
