import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LruMap } from "./lru-map.ts";
import type { LruEntry } from "./lru-map.ts";

type Entry = LruEntry<number>;

const entry = (key: number): Entry => ({ key, newer: undefined, older: undefined });

describe("LruMap", () => {
  it("keeps the order of a list that is rewritten on every use", () => {
    const operation = fc.tuple(fc.constantFrom("touch", "remove", "peek"), fc.integer({ min: 0, max: 6 }));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const map = new LruMap<number, Entry>();
        let model: number[] = [];
        for (const [kind, key] of operations) {
          const known = model.includes(key);
          if (kind === "touch") {
            expect(map.touch(key)?.key).toBe(known ? key : undefined);
            if (!known) map.add(entry(key));
            model = [...model.filter((other) => other !== key), key];
          } else if (kind === "peek") {
            expect(map.peek(key)?.key).toBe(known ? key : undefined);
          } else {
            const found = map.peek(key);
            if (found !== undefined) map.remove(found);
            model = model.filter((other) => other !== key);
          }
          expect(map.size).toBe(model.length);
          expect(map.oldest?.key).toBe(model[0]);
        }
        const drained: number[] = [];
        for (let oldest = map.oldest; oldest !== undefined; oldest = map.oldest) {
          drained.push(oldest.key);
          map.remove(oldest);
        }
        expect(drained).toEqual(model);
      }),
    );
  });
});
