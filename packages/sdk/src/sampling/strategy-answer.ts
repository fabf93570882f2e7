import type { Sampler } from "@opentelemetry/sdk-trace";
import { rateLimitingSampler } from "./rate-limiting-sampler.ts";
import { ratioSampler } from "./ratio-sampler.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The sampler that an answer of Jaeger's remote sampling API asks for: `SamplingStrategyResponse` in the JSON form of Protocol Buffers, where enums
 * can be numbers and zeros can be left out.
 * @throws Error that says what is wrong with the answer.
 */
export function samplerOf(answer: string, now: () => number): Sampler {
  const fields = fieldsOf(parse(answer));
  const root = rootOf(fields, now);
  const { operationSampling } = fields;
  return operationSampling === undefined ? root : byOperation(fieldsOf(operationSampling), root, isLimited(fields));
}

function parse(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    throw new Error("the answer is not JSON");
  }
}

function rootOf(fields: Fields, now: () => number): Sampler {
  const { probabilisticSampling, rateLimitingSampling } = fields;
  if (isLimited(fields)) return rateLimitingSampler(limitOf(fieldsOf(rateLimitingSampling)), now);
  return ratioSampler(rateOf(fieldsOf(probabilisticSampling)["samplingRate"]));
}

function isLimited({ strategyType }: Fields): boolean {
  if (strategyType === "RATE_LIMITING" || strategyType === 1) return true;
  if (strategyType === undefined || strategyType === "PROBABILISTIC" || strategyType === 0) return false;
  throw new Error(`the answer has an unknown strategyType: ${JSON.stringify(strategyType)}`);
}

/** The operations by their names. What has none keeps the rate limit, if there is one, and else has the default of the operations. */
function byOperation({ defaultSamplingProbability, perOperationStrategies }: Fields, root: Sampler, rootIsLimit: boolean): Sampler {
  const list: unknown = perOperationStrategies ?? [];
  if (!Array.isArray(list)) throw new Error("the answer's perOperationStrategies is no list");
  const samplers = new Map<string, Sampler>();
  for (const item of list as unknown[]) {
    const { operation, probabilisticSampling } = fieldsOf(item);
    if (typeof operation === "string") samplers.set(operation, ratioSampler(rateOf(fieldsOf(probabilisticSampling)["samplingRate"])));
  }
  const others = rootIsLimit ? root : ratioSampler(rateOf(defaultSamplingProbability));
  return {
    shouldSample: (context, traceId, name, ...more) => (samplers.get(name) ?? others).shouldSample(context, traceId, name, ...more),
    toString: () => `ByOperation{${samplers.size}, others=${others.toString()}}`,
  };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("the answer is no sampling strategy");
  return value as Fields;
}

function rateOf(value: unknown = 0): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new Error(`the answer has a sampling rate that is not from 0 to 1: ${JSON.stringify(value)}`);
}

function limitOf({ maxTracesPerSecond: value = 0 }: Fields): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new Error(`the answer has a maxTracesPerSecond that is no number: ${JSON.stringify(value)}`);
}
