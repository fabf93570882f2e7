import { BUDGET_MIB } from "./overload-yaml.ts";
import { AFTERWARDS, REQUEST_ITEMS, type Moment, type OverloadResult } from "./run-overload.ts";

/** One thing that has to hold under overload. */
export interface Finding {
  readonly what: string;
  readonly got: string;
  readonly good: boolean;
}

const BUDGET_MB = (BUDGET_MIB * 2 ** 20) / 1e6;
/** Growth of the mean resident memory from the second to the last quarter of the overload that still counts as flat. */
const FLAT = 1.1;
const RECOVERY_MS = 2000;

/** What the run showed, point by point. */
export function findings(result: OverloadResult): Finding[] {
  const { report, moments, acknowledged, lost, exitCode } = result;
  const overload = moments.filter(({ phase }) => phase === 0);
  const peak = Math.max(...moments.map((moment) => moment.residentMB));
  const growth = quarter(overload, 3) / quarter(overload, 1);
  const refused = report.phases.flatMap((phase) => Object.entries(phase.refused));
  const count = refused.reduce((sum, [, times]) => sum + times, 0);
  const answers = [...new Set(refused.map(([answer]) => answer))].join(", ") || "none";
  const sum = (of: "notRetryable" | "withoutTime" | "unsent"): number => report.phases.reduce((total, phase) => total + phase[of], 0);
  const recovery = recoveryMs(moments, (AFTERWARDS * result.sustainable) / REQUEST_ITEMS);
  return [
    {
      what: `resident memory under ${BUDGET_MB.toFixed(0)} MB (${BUDGET_MIB} MiB)`,
      got: `at most ${peak.toFixed(0)} MB`,
      good: peak < BUDGET_MB,
    },
    { what: "resident memory flat", got: `last quarter ×${growth.toFixed(2)} of the second`, good: growth < FLAT },
    {
      what: "every refusal allows a retry",
      got: `${count} refused (${answers}), ${sum("notRetryable")} not retryable, ${sum("unsent")} could not even be sent`,
      good: sum("notRetryable") === 0,
    },
    { what: "every refusal says when", got: `${sum("withoutTime")} do not`, good: sum("withoutTime") === 0 },
    { what: "nothing acknowledged is lost", got: `${lost} of ${acknowledged} items`, good: lost === 0 },
    {
      what: "full rate within 2 s of the load's end",
      got: recovery === undefined ? "never" : `${(recovery / 1000).toFixed(2)} s`,
      good: recovery !== undefined && recovery <= RECOVERY_MS,
    },
    {
      what: "it ends by itself when asked",
      got: exitCode === undefined ? "it had died before" : `exit code ${exitCode}`,
      good: exitCode === 0,
    },
  ];
}

/**
 * Time from the end of the overload until nothing was refused any more and no more requests were open than come in a second. Answers
 * come in bursts, a flush of `batch` each, so that the acknowledgements of a second say little. undefined: never.
 */
function recoveryMs(moments: readonly Moment[], requestsPerSecond: number): number | undefined {
  const end = moments.findLast(({ phase }) => phase === 0)?.at ?? 0;
  const after = moments.filter(({ phase }) => phase === 1);
  const last = after.findLastIndex(({ refused, open }) => refused > 0 || open > requestsPerSecond);
  if (after.length === 0 || last === after.length - 1) return undefined;
  return (after[last]?.at ?? end) - end;
}

function quarter(moments: readonly Moment[], index: number): number {
  const size = moments.length / 4;
  const part = moments.slice(Math.floor(index * size), Math.floor((index + 1) * size));
  return part.reduce((sum, moment) => sum + moment.residentMB, 0) / part.length;
}
