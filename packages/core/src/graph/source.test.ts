import { describe, expect, it } from "vitest";
import { Source } from "./source.ts";

describe("a source", () => {
  it("hands values to its subscriber until it ends", () => {
    const source = new Source<number>();
    const seen: unknown[] = [];
    source.next(0);
    source.stream.subscribe({ next: (value) => seen.push(value), complete: () => seen.push("complete") });
    source.next(1);
    source.complete();
    source.next(2);
    expect(seen).toEqual([1, "complete"]);
  });

  it("hands nothing to a subscriber that has left", () => {
    const source = new Source<number>();
    const seen: number[] = [];
    const subscription = source.stream.subscribe((value) => seen.push(value));
    source.next(1);
    subscription.unsubscribe();
    source.next(2);
    expect(seen).toEqual([1]);
  });
});
