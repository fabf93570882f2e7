import { describe, expect, it } from "vitest";
import { ConnectionError } from "./frame.ts";
import { applySettings, encodeSettings, type PeerSettings } from "./settings.ts";

const apply = (...entries: [number, number][]): PeerSettings => {
  const settings = { initialWindow: 65_535, maxFrame: 16_384 };
  applySettings(encodeSettings(entries), settings);
  return settings;
};

describe("settings", () => {
  it("are taken in their order; those that we do not know are passed over", () => {
    expect(apply([4, 100], [99, 7], [5, 20_000], [4, 200], [2, 0], [1, 0], [3, 0], [6, 1])).toEqual({
      initialWindow: 200,
      maxFrame: 20_000,
    });
  });

  it.each([
    ["ENABLE_PUSH", 2, 2],
    ["INITIAL_WINDOW_SIZE", 4, 2 ** 31],
    ["MAX_FRAME_SIZE", 5, 16_383],
    ["MAX_FRAME_SIZE", 5, 2 ** 24],
  ])("of %s may not be %i: %i", (_name, id, value) => {
    expect(() => apply([id, value])).toThrow(ConnectionError);
  });

  it("come in whole entries", () => {
    expect(() => applySettings(Buffer.alloc(7), { initialWindow: 0, maxFrame: 0 })).toThrow("settings are cut off");
  });
});
