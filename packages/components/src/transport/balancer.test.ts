import { PipelineError } from "@tidemark/core";
import { seededRandom, settlePromises, VirtualClock } from "@tidemark/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Balancer, NotConnected, type BalancerOptions } from "./balancer.ts";

const NEVER = new AbortController().signal;
const down = (name: string): PipelineError => PipelineError.unavailable(`${name} is down`);

function setUp(options: Partial<BalancerOptions> = {}): {
  clock: VirtualClock;
  balancer: Balancer<string>;
  asked: string[];
  broken: Set<string>;
  ask: () => Promise<string>;
} {
  const clock = new VirtualClock();
  const balancer = new Balancer<string>({ policy: "round_robin", waitForReady: false, clock, random: () => 0.5, ...options });
  balancer.setMembers(["a", "b", "c"]);
  const asked: string[] = [];
  const broken = new Set<string>();
  const ask = (): Promise<string> =>
    balancer.run((member) => {
      asked.push(member);
      return broken.has(member) ? Promise.reject(down(member)) : Promise.resolve(member);
    }, NEVER);
  return { clock, balancer, asked, broken, ask };
}

describe("the balancer", () => {
  it("takes endpoints by turns", async () => {
    const { ask, asked } = setUp();
    for (let i = 0; i < 6; i++) await ask();
    expect(asked).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("stays with the first that works when told to, and comes back to it", async () => {
    const { ask, asked, broken, clock } = setUp({ policy: "pick_first" });
    await ask();
    broken.add("a");
    await ask();
    await ask();
    broken.clear();
    await clock.advance(1000);
    await ask();
    expect(asked).toEqual(["a", "a", "b", "b", "a"]);
  });

  it("asks the next endpoint at once, and leaves the one that failed out for a growing time", async () => {
    const { ask, asked, broken, clock } = setUp();
    broken.add("a");
    const triesOfA: number[] = [];
    const start = clock.now();
    for (let i = 0; i < 400; i++) {
      const before = asked.length;
      expect(await ask()).not.toBe("a");
      if (asked.slice(before).includes("a")) triesOfA.push(clock.now() - start);
      await clock.advance(100);
    }
    expect(triesOfA.length).toBeGreaterThan(4);
    const waits = triesOfA.slice(1).map((at, index) => at - (triesOfA[index] as number));
    expect(waits.slice(0, 4).map((wait, index) => wait >= 1000 * 1.6 ** index && wait < 1000 * 1.6 ** index + 400)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    broken.clear();
    await clock.advance(120_000 * 1.2);
    asked.length = 0;
    for (let i = 0; i < 3; i++) await ask();
    expect(asked.toSorted()).toEqual(["a", "b", "c"]);
  });

  it("tries an endpoint that was left out with one request only", async () => {
    const { balancer, clock, ask, broken } = setUp();
    broken.add("a");
    await ask();
    await clock.advance(1000);
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const running = Array.from({ length: 9 }, () =>
      balancer.run((member) => {
        asked.push(member);
        return new Promise<void>((resolve) => answers.push(resolve));
      }, NEVER),
    );
    expect(asked.filter((member) => member === "a").length).toBe(1);
    answers.forEach((answer) => answer());
    await Promise.all(running);
  });

  it("tries all when all are left out, each once, and says what each said", async () => {
    const { ask, asked, broken } = setUp();
    for (const name of ["a", "b", "c"]) broken.add(name);
    for (let i = 0; i < 2; i++) {
      asked.length = 0;
      await expect(ask()).rejects.toMatchObject({
        retryable: true,
        code: "unavailable",
        message: /^none of 3 endpoints took the data: \w is down; \w is down; \w is down$/,
      });
      expect(asked.toSorted()).toEqual(["a", "b", "c"]);
    }
  });

  it("waits as long as the far side asks for", async () => {
    const { balancer, clock } = setUp();
    const asked: string[] = [];
    const ask = (): Promise<string> =>
      balancer.run((member) => {
        asked.push(member);
        return member === "a" ? Promise.reject(PipelineError.unavailable("busy", 60_000)) : Promise.resolve(member);
      }, NEVER);
    for (let i = 0; i < 59; i++) {
      await ask();
      await clock.advance(1000);
    }
    expect(asked.filter((member) => member === "a").length).toBe(1);
  });

  it.each([
    ["permanent", PipelineError.invalid("bad data")],
    ["throttling", PipelineError.exhausted("slow down", 5000)],
  ])("asks nobody else after a %s answer, and goes on with the endpoint", async (_name, error) => {
    const { balancer } = setUp();
    const asked: string[] = [];
    const ask = (): Promise<string> =>
      balancer.run((member) => {
        asked.push(member);
        return Promise.reject(error);
      }, NEVER);
    for (let i = 0; i < 4; i++) await expect(ask()).rejects.toBe(error);
    expect(asked).toEqual(["a", "b", "c", "a"]);
  });

  it("leaves an endpoint out that lets the time pass", async () => {
    const { balancer, asked, ask } = setUp();
    const controller = new AbortController();
    const late = new PipelineError("late", { code: "deadline_exceeded", retryable: true });
    const hanging = balancer.run(
      () => new Promise((_resolve, reject) => controller.signal.addEventListener("abort", () => reject(late))),
      controller.signal,
    );
    controller.abort(late);
    await expect(hanging).rejects.toBe(late);
    for (let i = 0; i < 4; i++) await ask();
    expect(asked).toEqual(["b", "c", "b", "c"]);
  });

  it("waits for a connection when told to, until the attempt is cancelled", async () => {
    const { balancer, clock } = setUp({ waitForReady: true });
    let works = false;
    let tries = 0;
    const ask = (signal: AbortSignal): Promise<string> =>
      balancer.run((member) => {
        tries += 1;
        return works ? Promise.resolve(member) : Promise.reject(new NotConnected("nobody"));
      }, signal);
    const waiting = ask(NEVER);
    await clock.advance(999);
    expect(tries).toBe(3);
    works = true;
    await clock.advance(1);
    await waiting;
    expect(tries).toBe(4);
    works = false;
    const controller = new AbortController();
    const cancelled = ask(controller.signal);
    await settlePromises();
    controller.abort(new Error("over"));
    await expect(cancelled).rejects.toThrow("over");
    expect(clock.pending).toBe(0);
  });

  it("keeps what it knows of endpoints that stay", async () => {
    const { balancer, ask, asked, broken } = setUp();
    broken.add("a");
    await ask();
    balancer.setMembers(["a", "d"]);
    asked.length = 0;
    for (let i = 0; i < 3; i++) await ask();
    expect(asked).toEqual(["d", "d", "d"]);
  });

  it("finds every endpoint that works, asks each once in an attempt, and spreads evenly", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.tuple(fc.nat(63), fc.nat(3000)), { minLength: 1, maxLength: 30 }),
        async (seed, count, steps) => {
          const { balancer, clock } = setUp({ random: seededRandom(seed) });
          const members = Array.from({ length: count }, (_, index) => String(index));
          balancer.setMembers(members);
          for (const [brokenBits, wait] of steps) {
            const asked: string[] = [];
            const isBroken = (member: string): boolean => ((brokenBits >> Number(member)) & 1) === 1;
            const answer = await balancer
              .run((member) => {
                asked.push(member);
                return isBroken(member) ? Promise.reject(down(member)) : Promise.resolve(member);
              }, NEVER)
              .catch(() => undefined);
            expect(new Set(asked).size).toBe(asked.length);
            expect(answer === undefined).toBe(members.every(isBroken));
            await clock.advance(wait);
          }
          await clock.advance(200_000);
          const tally = new Map<string, number>();
          for (let i = 0; i < count * 4; i++) {
            const member = await balancer.run((each) => Promise.resolve(each), NEVER);
            tally.set(member, (tally.get(member) ?? 0) + 1);
          }
          expect([...tally.values()].every((times) => times === 4)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});
