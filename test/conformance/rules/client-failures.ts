import { equal, ok } from "node:assert/strict";
import { CLIENTS, type Rule } from "../rule.ts";
import type { Cell } from "../cell.ts";
import { RESOURCE_EXHAUSTED, RETRYABLE_GRPC, RETRYABLE_HTTP } from "../../lib/retryable.ts";
import { startScriptedBackend, type Attempt, type Reply } from "../../lib/scripted-backend.ts";
import { FIRST_RETRY_MS } from "../subject.ts";

const UNAVAILABLE = 14;
const GRPC_PERMANENT: readonly number[] = [2, 3, 5, 6, 7, 9, 12, 13, 16];
const HTTP_PERMANENT: readonly number[] = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 431, 500, 501, 505, 511];
/** Timers fire early by up to a millisecond. */
const CLOCK_MS = 5;

/** What an exporter does with the answers that it gets, and where it gets none. */
export const clientFailureRules: readonly Rule[] = [
  {
    section: "Failures, Retryable Response Codes",
    rule: "retryable codes SHOULD be retried",
    side: "client",
    how: "gRPC 1 4 10 11 14 15, HTTP 429 502 503 504: the second attempt succeeds",
    transports: CLIENTS,
    check: async (cell) => {
      const codes = cell.isGrpc ? RETRYABLE_GRPC : RETRYABLE_HTTP;
      for (const [code, tries] of await tryAll(cell, [...codes])) equal(tries, 2, `code ${code}: ${tries} attempts`);
    },
  },
  {
    section: "Failures, Retryable Response Codes",
    rule: "all other codes MUST NOT be retried; the data MUST be dropped",
    side: "client",
    how: "all other gRPC codes, HTTP 400 to 511: one attempt, and a permanent failure in front",
    transports: CLIENTS,
    check: async (cell) => {
      const codes = cell.isGrpc ? GRPC_PERMANENT : HTTP_PERMANENT;
      for (const [code, tries] of await tryAll(cell, codes)) equal(tries, 1, `code ${code}: ${tries} attempts`);
    },
  },
  {
    section: "Failures",
    rule: "RESOURCE_EXHAUSTED SHOULD be retried only with RetryInfo",
    side: "client",
    how: "two attempts with it, one without",
    transports: ["grpc"],
    check: async (cell) => {
      const informed = cell.another();
      informed.script({ grpc: RESOURCE_EXHAUSTED, retryDelayMs: 50 });
      ok((await informed.feed(informed.sample())).success);
      equal(informed.attempts().length, 2);
      cell.script({ grpc: RESOURCE_EXHAUSTED });
      const answer = await cell.feed(cell.sample());
      ok(!answer.success && !answer.retryable);
      equal(cell.attempts().length, 1);
    },
  },
  {
    section: "OTLP/gRPC Throttling, OTLP/HTTP Throttling",
    rule: "the time of RetryInfo or Retry-After SHOULD be waited for",
    side: "client",
    how: "gRPC: 700 ms, HTTP: 1 s in seconds and as a date, with retries that would else come after 0.1 s",
    transports: CLIENTS,
    check: async (cell) => {
      const inSeconds = { grpc: UNAVAILABLE, http: 429, retryDelayMs: 700, retryAfter: "1" };
      await waits(cell.another(), inSeconds, cell.isGrpc ? 700 : 1000);
      // A date has whole seconds: two from now is more than one.
      if (!cell.isGrpc) await waits(cell, { http: 503, retryAfter: new Date(Date.now() + 2000).toUTCString() }, 900);
    },
  },
  {
    section: "Failures, OTLP/HTTP Throttling",
    rule: "without such a time, retries SHOULD back off exponentially",
    side: "client",
    how: "four failures; each gap is within ±50 % of 100 ms doubled each time",
    transports: CLIENTS,
    check: async (cell) => {
      const fail = { grpc: UNAVAILABLE, http: 503 };
      cell.script(fail, fail, fail, fail);
      ok((await cell.feed(cell.sample())).success);
      const gaps = gapsOf(cell.attempts());
      equal(gaps.length, 4);
      for (const [index, gap] of gaps.entries()) {
        const least = FIRST_RETRY_MS * 2 ** index * 0.5;
        ok(gap >= least - CLOCK_MS, `retry ${index + 1} came after ${gap.toFixed(0)} ms; at least ${least} were due`);
      }
      ok((gaps[3] ?? 0) > (gaps[0] ?? 0), `the gaps do not grow: ${gaps.map(Math.round).join(", ")}`);
    },
  },
  {
    section: "OTLP/HTTP Connection",
    rule: "the interval between retries must have random jitter",
    side: "client",
    how: "the first gaps of ten requests are spread over more than 20 ms of the 100",
    transports: CLIENTS,
    check: async (cell) => {
      const cells = Array.from({ length: 10 }, () => cell.another());
      const gaps = await Promise.all(
        cells.map(async (one) => {
          one.script({ grpc: UNAVAILABLE, http: 503 });
          await one.feed(one.sample());
          return gapsOf(one.attempts())[0] ?? 0;
        }),
      );
      const spread = Math.max(...gaps) - Math.min(...gaps);
      ok(spread > 20, `the gaps are ${gaps.map(Math.round).join(", ")} ms`);
    },
  },
  {
    section: "Partial Success",
    rule: "the client MUST NOT retry a partial success",
    side: "client",
    how: "1 of 3 items rejected, and a warning that rejects none: one attempt each",
    transports: CLIENTS,
    check: async (cell) => {
      const warned = cell.another();
      warned.script({ rejected: 0, message: "a hint" });
      ok((await warned.feed(warned.sample(3))).success);
      equal(warned.attempts().length, 1);
      cell.script({ rejected: 1, message: "too old" });
      ok((await cell.feed(cell.sample(3))).success);
      equal(cell.attempts().length, 1);
    },
  },
  {
    section: "Failures",
    rule: "clients are not expected to heed Status.code: the HTTP status decides",
    side: "client",
    how: "503 with INVALID_ARGUMENT in its Status is retried, 400 with UNAVAILABLE is not",
    transports: ["http/1.1"],
    check: async (cell) => {
      cell.script({ http: 503, statusCode: 3 });
      ok((await cell.feed(cell.sample())).success);
      equal(cell.attempts().length, 2);
      const final = cell.another();
      final.script({ http: 400, statusCode: UNAVAILABLE });
      ok(!(await final.feed(final.sample())).retryable);
      equal(final.attempts().length, 1);
    },
  },
  {
    section: "Future Versions",
    rule: "answers of newer versions MUST be understood as far as they are known",
    side: "client",
    how: "an unknown field in a success, and in a partial success that rejects 1 of 3",
    transports: CLIENTS,
    check: async (cell) => {
      cell.script({ unknownField: true }, { unknownField: true, rejected: 1, message: "too old" });
      const answers = [await cell.feed(cell.sample(3)), await cell.feed(cell.sample(3))];
      equal(cell.attempts().length, 2);
      equal(answers[0]?.response?.["partialSuccess"], undefined);
      ok(answers[1]?.success && answers[1].response?.["partialSuccess"] !== undefined, "the partial success was not read");
    },
  },
  {
    section: "All Other Responses",
    rule: "after a disconnect without a response the client SHOULD retry",
    side: "client",
    how: "the back end cuts the connection; the second attempt succeeds",
    transports: CLIENTS,
    // A gRPC connection carries all signals: cut for one, it is cut for the others.
    alone: true,
    check: async (cell) => {
      cell.script({ disconnect: true });
      ok((await cell.feed(cell.sample())).success);
      equal(cell.attempts().length, 2);
    },
  },
  {
    section: "OTLP/HTTP Connection",
    rule: "the client SHOULD try again when it cannot connect",
    side: "client",
    how: "the back end starts a quarter of a second after the request came",
    transports: CLIENTS,
    signals: ["traces"],
    check: lateBackend,
  },
];

/** Lets the first attempt of one request for each code fail; how many attempts there were. */
function tryAll(cell: Cell, codes: readonly number[]): Promise<(readonly [code: number, attempts: number])[]> {
  return Promise.all(
    codes.map(async (code) => {
      const one = cell.another();
      one.script(cell.isGrpc ? { grpc: code, message: "scripted" } : { http: code, message: "scripted" });
      const answer = await one.feed(one.sample());
      const tries = one.attempts().length;
      ok(answer.success ? tries > 1 : !answer.retryable, `code ${code}: ${tries} attempts, and HTTP ${answer.code} in front`);
      return [code, tries] as const;
    }),
  );
}

function gapsOf(attempts: readonly Attempt[]): number[] {
  return attempts.slice(1).map(({ at }, index) => at - (attempts[index]?.at ?? 0));
}

async function waits(cell: Cell, reply: Reply, leastMs: number): Promise<void> {
  cell.script(reply);
  ok((await cell.feed(cell.sample())).success);
  const [gap = 0] = gapsOf(cell.attempts());
  ok(gap >= leastMs - CLOCK_MS, `the retry came after ${gap.toFixed(0)} ms; ${leastMs} were asked for`);
  ok(gap < leastMs + 3000, `the retry came only after ${gap.toFixed(0)} ms`);
}

async function lateBackend(cell: Cell): Promise<void> {
  const { proto, latePorts } = cell.subject;
  const answer = cell.feed(cell.sample(), cell.isGrpc ? "late_grpc" : "late_http");
  await new Promise((resolve) => setTimeout(resolve, 250));
  const backend = await startScriptedBackend(proto, cell.isGrpc ? { grpc: latePorts.grpc } : { http: latePorts.http });
  try {
    ok((await answer).success);
    equal(backend.attempts(cell.service).length, 1);
  } finally {
    await backend.close();
  }
}
