import type { CheckOptions, SampledCheckOptions } from "./check-options.ts";
import type { Probe } from "./check.ts";
import { failure, returned, SUCCESS } from "./outcome.ts";
import { judge, type Threshold } from "./threshold.ts";

/** Asks a check that judges itself. */
export function resultProbe(check: CheckOptions): Probe {
  return async (signal) => returned(await check.run(signal));
}

/** Takes a number and holds it against the threshold. */
export function sampleProbe(check: SampledCheckOptions, threshold: Threshold): Probe {
  let wasBad = false;
  return async (signal, isUnhealthy) => {
    const value: unknown = await check.sample(signal);
    if (value === undefined) {
      wasBad = false;
      return SUCCESS;
    }
    if (typeof value !== "number" || !Number.isFinite(value))
      return failure(
        "invalid_result",
        `the sample is ${typeof value === "number" ? value : `of type ${typeof value}`}; return a finite number, or undefined when there is nothing to judge`,
      );
    const outcome = judge(value, threshold, isUnhealthy && wasBad);
    wasBad = outcome.failure !== undefined;
    return outcome;
  };
}
