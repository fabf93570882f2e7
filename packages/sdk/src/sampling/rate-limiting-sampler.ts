import { SamplingDecision, type Sampler } from "@opentelemetry/sdk-trace";

/** Records so many traces a second, those of an idle second at once. `now` is in milliseconds. */
export function rateLimitingSampler(tracesPerSecond: number, now: () => number): Sampler {
  let credit = tracesPerSecond;
  let at = now();
  return {
    shouldSample() {
      const time = now();
      credit = Math.min(tracesPerSecond, credit + (Math.max(0, time - at) * tracesPerSecond) / 1000);
      at = time;
      if (credit < 1) return { decision: SamplingDecision.NOT_RECORD };
      credit -= 1;
      return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    },
    toString: () => `RateLimiting{${tracesPerSecond}}`,
  };
}
