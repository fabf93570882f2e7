import { failure, type Outcome } from "./outcome.ts";

/**
 * When a sampled value is bad. With `recovery` a check that has become unhealthy stays so until the value is back at that mark, so that
 * a value that moves around the limit does not make the status flap.
 */
export type Threshold =
  | { readonly below: number; readonly recovery?: number; readonly above?: never }
  | { readonly above: number; readonly recovery?: number; readonly below?: never };

/** The threshold as a value of its own, which nobody changes. @throws TypeError with what is missing, or does not fit. */
export function checkedThreshold(check: string, threshold: Threshold | undefined): Threshold {
  const { below, above, recovery } = threshold ?? {};
  const limit = below ?? above;
  if (limit === undefined)
    throw new TypeError(
      `health check "${check}" has no threshold; what is bad only you know: give threshold: { below: 0.8 } or { above: 100 }`,
    );
  if (below !== undefined && above !== undefined)
    throw new TypeError(`health check "${check}" has a threshold on both sides; register one check for below and another one for above`);
  for (const [key, value] of Object.entries({ below, above, recovery }))
    if (value !== undefined && !Number.isFinite(value))
      throw new TypeError(`health check "${check}": threshold.${key} is ${String(value)}; give a number`);
  if (recovery !== undefined && (below === undefined ? recovery > limit : recovery < limit))
    throw new TypeError(
      `health check "${check}": threshold.recovery is ${recovery}, on the bad side of ${limit}; give a value ${below === undefined ? "below" : "above"} it`,
    );
  return { ...(below === undefined ? { above: limit } : { below: limit }), ...(recovery === undefined ? {} : { recovery }) };
}

/** Judges a value. `isBad`: whether the check is unhealthy because of the value before this one. */
export function judge(value: number, threshold: Threshold, isBad: boolean): Outcome {
  const { recovery } = threshold;
  const isBelow = threshold.below !== undefined;
  const limit = isBelow ? threshold.below : threshold.above;
  const isBeyond = (mark: number): boolean => (isBelow ? value < mark : value > mark);
  const side = isBelow ? "below" : "above";
  if (isBeyond(limit)) return { ...failure(`${side}_threshold`, `${value} is ${side} ${limit}`), value };
  if (isBad && recovery !== undefined && isBeyond(recovery))
    return { ...failure(`${side}_threshold`, `${value} is still ${side} ${recovery}, where it counts as recovered`), value };
  return { details: {}, value };
}
