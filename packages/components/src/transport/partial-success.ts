import { messageOf, type Logger, type SendContext } from "@tidemark/core";
import type { PartialSuccess, Signal } from "@tidemark/otlp";

/**
 * Tells what a far side had to say to a request that it took. `read` decodes its answer; an answer that cannot be read costs nothing but itself,
 * because the data was taken.
 */
export function tellPartialSuccess(
  signal: Signal,
  read: () => PartialSuccess,
  { context, log }: { readonly context: SendContext; readonly log: Logger },
): void {
  let partial: PartialSuccess;
  try {
    partial = read();
  } catch (error) {
    return log.warn("The answer to an accepted request could not be read", {
      error: messageOf(error),
    });
  }
  const { rejected, message } = partial;
  if (rejected > 0) context.rejected(rejected, message);
  if (rejected > 0 || message !== "") log.warn("Partial success response", { message, [`dropped_${signal}`]: rejected });
}
