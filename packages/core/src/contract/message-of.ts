/** What was caught, in words: anything can be thrown. */
export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

/** The same with where it was thrown, in several lines: for what nobody expected. */
export function stackOf(caught: unknown): string {
  return caught instanceof Error ? (caught.stack ?? caught.message) : String(caught);
}
