import { describe, expect, it } from "vitest";
import { CodecTarget } from "./codec-target.ts";
import { Fuzzer } from "./fuzzer.ts";
import { readAnswers } from "./http1-answers.ts";
import { readHttp2 } from "./http2-answers.ts";
import { runFuzz } from "./run-fuzz.ts";
import { mutateTape, randomTape, seededRandom, smallerTapes, Tape } from "./tape.ts";
import type { Target } from "./target.ts";

const INPUTS = 6000;

describe("a short fuzz", () => {
  it("finds nothing wrong with the transports and the codec", { timeout: 120_000 }, async () => {
    const { fuzzers, faults, canaries } = await runFuzz({ seed: 1, inputs: INPUTS });
    expect(fuzzers.flatMap(({ findings }) => findings)).toEqual([]);
    expect(faults).toEqual([]);
    expect(canaries).toBeGreaterThan(5);
    // It must have met many different answers on each.
    for (const { kinds, inputs } of fuzzers) expect([kinds.size > 20, inputs > 150]).toEqual([true, true]);
  });
});

describe("the fuzzer", () => {
  const planted = (isWrong: (tape: Tape) => boolean): Target => ({
    name: "planted",
    concurrency: 1,
    share: 1000,
    run: (tape) => {
      const kind = String(tape.byte() >> 4);
      return isWrong(tape) ? { kind, fault: "it is wrong" } : { kind };
    },
  });

  it("finds what is wrong and makes it small", async () => {
    const fuzzer = new Fuzzer(
      planted((tape) => tape.byte() > 200 && tape.byte() > 100 && tape.byte() > 200),
      [],
      seededRandom(7),
    );
    await fuzzer.run(3000);
    expect(fuzzer.findings).toHaveLength(1);
    const [{ tape } = { tape: new Uint8Array() }] = fuzzer.findings;
    expect([tape.length, tape[0]]).toEqual([4, 0]);
  });

  it("tries the same from the same seed", async () => {
    const seen = [0, 1].map(() => [] as string[]);
    for (const own of seen) {
      const target: Target = {
        name: "seen",
        concurrency: 1,
        share: 1,
        run: ({ bytes }) => ({ kind: String(own.push(Buffer.from(bytes).toString("hex")) % 7) }),
      };
      await new Fuzzer(target, [Uint8Array.of(1, 2)], seededRandom(3)).run(200);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(new Set(seen[0]).size).toBeGreaterThan(190);
  });

  it("sees an answer that is none", () => {
    const target = new CodecTarget();
    expect(target.run(new Tape(new Uint8Array()))).toEqual({ kind: "traces protobuf taken 0" });
    expect(readAnswers(Buffer.from("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")).faults).toEqual(["status HTTP/1.1 500 Oh"]);
    expect(readAnswers(Buffer.from("HTTP/1.1 400 No\r\ncontent-type: text/html\r\ncontent-length: 1\r\n\r\nx")).faults).toHaveLength(1);
    const settings = Buffer.from("000000040000000000", "hex");
    const head = Buffer.concat([Buffer.from("000001010500000001", "hex"), Buffer.from([0x88])]);
    expect(readHttp2(Buffer.concat([settings, head]))).toMatchObject({ answers: ["200"], faults: [] });
    expect(readHttp2(Buffer.concat([settings, head, head])).faults).toEqual(["frame 1 behind the end of stream 1"]);
    expect(readHttp2(head).faults).toEqual(["it does not begin with SETTINGS"]);
  });
});

describe("a tape", () => {
  it("is plain behind its end, and every part of it can be left out", () => {
    const random = seededRandom(1);
    const tape = randomTape(random);
    const own = new Tape(tape.subarray(0, 2));
    expect([own.byte(), own.byte(), own.byte(), own.isOver, own.chance(255), own.below(1000)]).toEqual([
      tape[0],
      tape[1],
      0,
      true,
      false,
      0,
    ]);
    expect([...smallerTapes(Uint8Array.of(5, 6))].map((each) => [...each])).toEqual([[6], [5], [0, 6], [5, 0]]);
    for (let count = 0; count < 100; count++) expect(mutateTape(tape, tape, random).length).toBeLessThanOrEqual(512);
  });
});
