import { createTraceState } from "@opentelemetry/api";
import { SamplingDecision, type Sampler, type SamplingResult } from "@opentelemetry/sdk-trace";

const DIGITS = 14;
const NOT_SAMPLED: SamplingResult = { decision: SamplingDecision.NOT_RECORD };

/**
 * Records this share of the traces, 0 to 1, and says so in the tracestate (`ot=th:…`, OTEP 235), so that who samples after it knows. The low 56 bits of
 * the trace id decide: a trace that is kept at 1 % is kept at 10 % too, by each service.
 */
export function ratioSampler(rate: number): Sampler {
  // BigInt, because 2^56 - x does not fit a double; this runs once for each new rate.
  const rejected = 2n ** 56n - BigInt(Math.round(rate * 2 ** 56));
  const name = `Ratio{${rate}}`;
  if (rejected === 2n ** 56n) return { shouldSample: () => NOT_SAMPLED, toString: () => name };
  const threshold = rejected.toString(16).padStart(DIGITS, "0");
  const sampled: SamplingResult = {
    decision: SamplingDecision.RECORD_AND_SAMPLED,
    traceState: createTraceState(`ot=th:${threshold.replace(/0+$/, "") || "0"}`),
  };
  return {
    // Lower-case hex of one length is ordered as the numbers are.
    shouldSample: (_context, traceId) => (traceId.slice(-DIGITS) >= threshold ? sampled : NOT_SAMPLED),
    toString: () => name,
  };
}
