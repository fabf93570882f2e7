import { describe, expect, it } from "vitest";
import { queueField, retryField } from "./exporter-fields.ts";

const messageOf = (schema: typeof queueField | typeof retryField, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message.split("; ")[0];

describe("sending_queue", () => {
  it("has the Collector's defaults", () => {
    expect(queueField.parse({ batch: {} })).toMatchObject({
      enabled: true,
      num_consumers: 10,
      queue_size: 1000,
      sizer: "requests",
      block_on_overflow: false,
      wait_for_result: false,
      batch: { flush_timeout: 200, min_size: 8192, max_size: 0, sizer: "items", partition: { metadata_keys: [] } },
    });
    expect(queueField.parse({}).storage).toBeUndefined();
    expect(queueField.parse({ degrade: {} }).degrade).toEqual({ p99: 2000, window: 30_000, batch: 200, compression: "gzip" });
  });

  it.each([
    [{ num_consumers: 0 }, "`num_consumers` must be positive"],
    [{ queue_size: -1 }, "`queue_size` must be positive"],
    [{ storage: "disk", wait_for_result: true }, "`wait_for_result` is not supported with a persistent queue configured with `storage`"],
    [{ sizer: "items", batch: { min_size: 2000 } }, "`min_size` must be less than or equal to `queue_size`"],
    [{ batch: { sizer: "requests" } }, '`batch` supports only `items` or `bytes` sizer, found "requests"'],
    [{ batch: { flush_timeout: "0s" } }, "`flush_timeout` must be positive"],
    [{ batch: { min_size: 100, max_size: 10 } }, "`max_size` (10) must be greater or equal to `min_size` (100)"],
    [{ batch: { partition: { metadata_keys: ["X-a", "x-A"] } } }, 'duplicate entry in metadata_keys: "x-a" (case-insensitive)'],
    [{ storage: "a", dead_letters: { storage: "b" } }, "a queue with `storage` keeps its dead letters there"],
  ])("says of %j what the Collector says", (value, message) => {
    expect(messageOf(queueField, value)).toBe(message);
  });

  it("lets a size pass that the queue counts in other units, and everything that is switched off", () => {
    expect(messageOf(queueField, { batch: { min_size: 8192 } })).toBeUndefined();
    expect(messageOf(queueField, { enabled: false, storage: "disk", wait_for_result: true })).toBeUndefined();
  });
});

describe("retry_on_failure", () => {
  it("has the Collector's defaults, and a breaker that opens after three failures", () => {
    expect(retryField.parse({})).toEqual({
      enabled: true,
      initial_interval: 5000,
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: 30_000,
      max_elapsed_time: 300_000,
      max_retries: 0,
      circuit_breaker: { enabled: true, failures: 3, half_open_after: 5000 },
    });
  });

  it.each([
    [{ max_elapsed_time: "1s", max_interval: "1s" }, "'max_elapsed_time' must not be less than 'initial_interval'"],
    [{ max_elapsed_time: "10s" }, "'max_elapsed_time' must not be less than 'max_interval'"],
    [{ max_elapsed_time: "0s" }, undefined],
    [{ enabled: false, max_elapsed_time: "1s" }, undefined],
  ])("says of %j what the Collector says", (value, message) => {
    expect(messageOf(retryField, value)).toBe(message);
  });
});
