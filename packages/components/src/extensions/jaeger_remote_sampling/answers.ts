import type { Strategies } from "./strategy-fields.ts";

type Strategy = NonNullable<Strategies["default_strategy"]>;
type Operations = Strategy["operation_strategies"];

/** What Jaeger takes where nothing is configured. */
const STANDARD_PROBABILITY = 0.001;

/** Jaeger's `SamplingStrategyResponse` in the JSON form of Protocol Buffers, zeros written out. */
interface Answer {
  readonly strategyType: "PROBABILISTIC" | "RATE_LIMITING";
  readonly probabilisticSampling?: { readonly samplingRate: number };
  readonly rateLimitingSampling?: { readonly maxTracesPerSecond: number };
  readonly operationSampling?: {
    readonly defaultSamplingProbability: number;
    readonly defaultLowerBoundTracesPerSecond: number;
    readonly perOperationStrategies: readonly {
      readonly operation: string;
      readonly probabilisticSampling: { readonly samplingRate: number };
    }[];
  };
}

/** The answers to all services, as they are sent. */
export class Answers {
  readonly #others: string;
  readonly #byService: ReadonlyMap<string, string>;

  constructor({ default_strategy: others, service_strategies: services }: Strategies) {
    const standard: Strategy = others ?? { type: "probabilistic", param: STANDARD_PROBABILITY, operation_strategies: [] };
    this.#others = JSON.stringify(answerOf(standard, []));
    this.#byService = new Map(
      services.map(({ service, ...strategy }) => [service, JSON.stringify(answerOf(strategy, standard.operation_strategies))]),
    );
  }

  /** JSON for one service. */
  to(service: string): string {
    return this.#byService.get(service) ?? this.#others;
  }
}

/**
 * Clients that see `operationSampling` forget the rest. So a service with a rate limit gets the operations of the default strategy only beside
 * its own, as from Jaeger: else it would lose its limit.
 */
function answerOf({ type, param, operation_strategies: own }: Strategy, inherited: Operations): Answer {
  const names = new Set(own.map(({ operation }) => operation));
  const operations =
    type === "ratelimiting" && own.length === 0 ? [] : [...own, ...inherited.filter(({ operation }) => !names.has(operation))];
  return {
    ...(type === "probabilistic"
      ? { strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: param } }
      : { strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: param } }),
    ...(operations.length === 0
      ? {}
      : {
          operationSampling: {
            defaultSamplingProbability: type === "probabilistic" ? param : STANDARD_PROBABILITY,
            defaultLowerBoundTracesPerSecond: 0,
            perOperationStrategies: operations.map(({ operation, param: samplingRate }) => ({
              operation,
              probabilisticSampling: { samplingRate },
            })),
          },
        }),
  };
}
