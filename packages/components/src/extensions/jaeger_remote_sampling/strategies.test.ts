import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Answers } from "./answers.ts";
import { jaegerRemoteSamplingConfig } from "./config.ts";
import { readStrategies } from "./read-strategies.ts";

const answers = (strategies: object): Answers => new Answers(readStrategies(JSON.stringify(strategies)));
const ask = (strategies: object, service = "any"): unknown => JSON.parse(answers(strategies).to(service));

const health = { operation: "GET /health", type: "probabilistic", param: 0 };
const pay = { operation: "POST /pay", type: "probabilistic", param: 1 };
const asked = (operation: string, samplingRate: number): object => ({ operation, probabilisticSampling: { samplingRate } });

describe("an answer", () => {
  it("is Jaeger's standard where nothing is said", () => {
    expect(ask({})).toEqual({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 0.001 } });
  });

  it("is the service's own, else the default one", () => {
    const strategies = {
      default_strategy: { type: "probabilistic", param: 0.5 },
      service_strategies: [
        { service: "constructor", type: "probabilistic", param: 1 },
        { service: "bar", type: "ratelimiting", param: 5 },
      ],
    };
    expect(ask(strategies, "constructor")).toEqual({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 1 } });
    expect(ask(strategies, "bar")).toEqual({ strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: 5 } });
    expect(ask(strategies, "toString")).toEqual({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 0.5 } });
  });

  it("has the operations of the service before those of the default strategy", () => {
    const strategies = {
      default_strategy: { type: "probabilistic", param: 0.5, operation_strategies: [health, { ...pay, param: 0.2 }] },
      service_strategies: [
        { service: "own", type: "probabilistic", param: 0.8, operation_strategies: [pay] },
        { service: "none", type: "probabilistic", param: 0.3 },
      ],
    };
    expect(ask(strategies, "own")).toEqual({
      strategyType: "PROBABILISTIC",
      probabilisticSampling: { samplingRate: 0.8 },
      operationSampling: {
        defaultSamplingProbability: 0.8,
        defaultLowerBoundTracesPerSecond: 0,
        perOperationStrategies: [asked("POST /pay", 1), asked("GET /health", 0)],
      },
    });
    expect(ask(strategies, "none")).toMatchObject({
      operationSampling: {
        defaultSamplingProbability: 0.3,
        perOperationStrategies: [asked("GET /health", 0), asked("POST /pay", 0.2)],
      },
    });
    expect(ask(strategies)).toMatchObject({ operationSampling: { defaultSamplingProbability: 0.5 } });
  });

  it("leaves a service its rate limit", () => {
    const strategies = {
      default_strategy: { type: "probabilistic", param: 0.5, operation_strategies: [health] },
      service_strategies: [
        { service: "limited", type: "ratelimiting", param: 5 },
        { service: "both", type: "ratelimiting", param: 5, operation_strategies: [pay] },
      ],
    };
    expect(ask(strategies, "limited")).toEqual({ strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: 5 } });
    expect(ask(strategies, "both")).toEqual({
      strategyType: "RATE_LIMITING",
      rateLimitingSampling: { maxTracesPerSecond: 5 },
      operationSampling: {
        defaultSamplingProbability: 0.001,
        defaultLowerBoundTracesPerSecond: 0,
        perOperationStrategies: [asked("POST /pay", 1), asked("GET /health", 0)],
      },
    });
  });
});

const MISTAKES = [
  "{}",
  "{ source: {} }",
  "{ source: { file: a.json, contents: {} } }",
  "{ source: { file: 'https://example.com/a.json' } }",
  "{ http: { endpoint: here }, source: { file: a.json } }",
  "{ source: { contents: { default_strategy: { type: probabilistic, param: 1.5 } } } }",
  "{ source: { contents: { default_strategy: { type: probabilistic, param: -0.1 } } } }",
  "{ source: { contents: { default_strategy: { type: probabilistic, param: .nan } } } }",
  "{ source: { contents: { default_strategy: { type: ratelimiting, param: 0.5 } } } }",
  "{ source: { contents: { default_strategy: { type: ratelimiting, param: 3000000000 } } } }",
  "{ source: { contents: { default_strategy: { type: constant, param: 1 } } } }",
  "{ source: { contents: '{' } }",
  `{ source: { contents: '{ "default_strategy": { "type": "probabilistic", "param": 2 } }' } }`,
  `{ source: { contents: '{ "service_strategies": [{ "service": "a", "type": "probabilistic", "param": 2 }, { "service": "a" }] }' } }`,
  `{ source: { contents: '{ "default_strategy": { "type": "probabilistic", "param": 1, "parm": 1 } }' } }`,
  `{ source: { contents: '{ "default_strategy": { "type": "probabilistic", "param": 1, "operation_strategies": [{ "operation": "a", "type": "ratelimiting", "param": 1 }] } }' } }`,
  `{ source: { contents: '{ "service_strategies": [{ "service": "a", "type": "probabilistic", "param": 1 }, { "service": "a", "type": "probabilistic", "param": 0 }] }' } }`,
];

it("says what is wrong with a configuration", async () => {
  const texts = MISTAKES.map((yaml) => {
    const config = parse(yaml) as { source?: { contents?: unknown } };
    const { error } = jaegerRemoteSamplingConfig.safeParse(config);
    const alternative = typeof config.source?.contents === "string" ? 0 : 1;
    const issues = error?.issues.flatMap((issue) =>
      issue.code === "invalid_union"
        ? (issue.errors[alternative] ?? []).map(({ path, message }) => ({ path: [...issue.path, ...path], message }))
        : [issue],
    );
    return `${yaml}\n${issues?.map(({ path, message }) => `  ${path.join("::")}: ${message}`).join("\n")}\n`;
  });
  await expect(texts.join("\n")).toMatchFileSnapshot("testdata/mistakes.txt");
});
