import { MetricReader } from "@opentelemetry/sdk-metrics";

/** A reader that collects when it is asked, and never on its own. */
export class PullReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}
