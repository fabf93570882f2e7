import { httpBase } from "../http-base.ts";

const DEFAULT_INTERVAL_MS = 500;
const DEFAULT_RATE = 0.1;

/** From where the share of the traces that are recorded comes. */
export interface SamplingOptions {
  /** Base address of a server of Jaeger's remote sampling API, such as `http://localhost:5778`; `/sampling?service=…` is appended. */
  readonly endpoint: string;
  /** Time between an answer and the next question, in milliseconds; default 500. */
  readonly pollingIntervalMs?: number;
  /** Share of the traces until the first answer, from 0 to 1; default 0.1. */
  readonly initialSamplingRate?: number;
  /** Sent with each question, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The options with their defaults.
 * @throws TypeError or RangeError when one cannot be used.
 */
export function checkSampling(options: SamplingOptions): Required<SamplingOptions> {
  const { pollingIntervalMs = DEFAULT_INTERVAL_MS, initialSamplingRate = DEFAULT_RATE, headers = {} } = options;
  if (!(pollingIntervalMs > 0 && pollingIntervalMs <= 2 ** 31 - 1))
    throw new RangeError(`sampling.pollingIntervalMs is ${pollingIntervalMs}; write a positive number of milliseconds, such as 500`);
  if (!(initialSamplingRate >= 0 && initialSamplingRate <= 1))
    throw new RangeError(`sampling.initialSamplingRate is ${initialSamplingRate}; write a number from 0 to 1, such as 0.1`);
  const endpoint = httpBase(options.endpoint, "sampling.endpoint", "the address of the remote sampling API, such as http://localhost:5778");
  return { endpoint, pollingIntervalMs, initialSamplingRate, headers };
}
