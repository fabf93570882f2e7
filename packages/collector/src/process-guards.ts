import { messageOf, stackOf, type Logger } from "@tidemark/core";

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;
/** A component's folder in a stack trace. */
const COMPONENT_FRAME = /[/\\](receiver|processor|connector|exporter|extension)s[/\\]([a-z][a-z0-9_]*)[/\\]/;

/** Keeps the process alive although nothing in it may wait for input. Returns how to let go. */
export function keepAlive(): () => void {
  const timer = setInterval(() => {}, LONGEST_INTERVAL_MS);
  return () => clearInterval(timer);
}

/** Logs what no one caught, under the component that its stack leads to, and lets the process live. Returns how to stop that. */
export function reportUnexpected(logger: (component: string) => Logger): () => void {
  const report = (thrown: unknown): void => {
    const stack = stackOf(thrown);
    const message = messageOf(thrown);
    logger(componentOf(stack)).error("An unexpected error was caught; the collector goes on.", {
      error: message,
      stack: stack.split("\n"),
    });
  };
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
  return () => {
    process.off("uncaughtException", report);
    process.off("unhandledRejection", report);
  };
}

/** `kind/type` of the component in whose code an error arose; empty when it was in none. */
export function componentOf(stack: string): string {
  const [, kind, type] = COMPONENT_FRAME.exec(stack) ?? [];
  return kind === undefined || type === undefined ? "" : `${kind}/${type}`;
}
