import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ADMITTED, FOLDED, NONE, RETIRED, SeriesTable, type SeriesState } from "./series-table.ts";

const identity = fc.integer({ min: 0, max: 2 ** 52 - 1 });
const state = fc.constantFrom<SeriesState>(ADMITTED, FOLDED, RETIRED);

describe("SeriesTable", () => {
  it("knows what a map knows, through growth and sweeps", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(identity, state, fc.integer({ min: 0, max: 9 })), { maxLength: 300 }),
        fc.integer({ min: 0, max: 9 }),
        (entries, oldest) => {
          const table = new SeriesTable();
          const model = new Map<number, { state: SeriesState; epoch: number }>();
          for (const [id, next, epoch] of entries) {
            table.set(id, next, epoch);
            model.set(id, { state: next, epoch });
          }
          table.sweep((_, current, epoch) => (epoch < oldest ? NONE : current === ADMITTED ? RETIRED : current));
          for (const [id, known] of model) {
            const expected = known.epoch < oldest ? NONE : known.state === ADMITTED ? RETIRED : known.state;
            expect(table.touch(id, 10)).toBe(expected);
          }
          const left = [...model.values()].filter((known) => known.epoch >= oldest).length;
          expect(table.size).toBe(left);
          expect(table.admitted).toBe(0);
        },
      ),
    );
  });

  it("counts a series once, whatever state it goes through", () => {
    const table = new SeriesTable();
    table.set(7, ADMITTED, 1);
    table.set(7, RETIRED, 2);
    table.set(7, ADMITTED, 3);
    expect([table.admitted, table.remembered]).toEqual([1, 0]);
  });

  it("gives memory back after a burst", () => {
    const table = new SeriesTable();
    for (let id = 0; id < 10_000; id += 1) table.set(id * 7919, ADMITTED, 1);
    table.sweep((id) => (id < 7919 * 3 ? ADMITTED : NONE));
    expect(table.admitted).toBe(3);
    for (let id = 0; id < 3; id += 1) expect(table.touch(id * 7919, 2)).toBe(ADMITTED);
  });
});
