import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dueEpisodes, followFindings, send, type Arrival, type EpisodeMemory } from "./episodes.ts";
import type { Finding } from "./finding.ts";

const STEP_MS = 500;
const finding = (since: number): Finding => ({
  rule: "storage_full",
  labels: { extension: "file_storage" },
  since,
  reasonCode: "storage_full",
  summary: "full",
  fix: "free some space",
  workers: [],
});

describe("episodes", () => {
  it("are told as firing and resolved in turn, whatever is found and whatever becomes of what is sent", () => {
    const moment = fc.record({ isFound: fc.boolean(), arrives: fc.constantFrom("at once", "later", "refused") });
    const pace = fc.record({ forMs: fc.nat(2000), keepMs: fc.nat(2000), repeatMs: fc.constantFrom(0, 3000) });
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 80 }), pace, (moments, given) => {
        const memory: EpisodeMemory = {};
        const arrived: string[] = [];
        let late: (() => void)[] = [];
        let since = 0;
        let now = 0;
        const step = (isFound: boolean, arrives: string): void => {
          now += STEP_MS;
          if (!isFound) since = now + STEP_MS;
          followFindings(memory, isFound ? [finding(since)] : [], now, () => given);
          if (arrives !== "later") for (const settle of late.splice(0)) settle();
          for (const episode of dueEpisodes(memory, now, () => given)) {
            const { status } = episode;
            const settle = send(episode, now);
            const arrival: Arrival = arrives === "refused" ? { kind: "refused", retryAfterMs: 0 } : { kind: "arrived" };
            const end = (): void => {
              if (arrival.kind === "arrived") arrived.push(status);
              settle(arrival, now);
            };
            if (arrives === "later") late.push(end);
            else end();
          }
        };
        for (const { isFound, arrives } of moments) step(isFound, arrives);
        // In the end everything is over, and everything arrives: nobody is left with an alert that fires, and nothing is remembered.
        for (let quiet = 0; quiet < 1300; quiet++) step(false, "at once");
        late = [];
        const changes = arrived.filter((status, index) => status !== arrived[index - 1]);
        expect(changes).toEqual(changes.map((_, index) => (index % 2 === 0 ? "firing" : "resolved")));
        expect(arrived.filter((status) => status === "resolved").length).toBe(changes.length / 2);
        if (given.repeatMs === 0) expect(arrived).toEqual(changes);
        expect(memory).toEqual({});
      }),
    );
  });
});
