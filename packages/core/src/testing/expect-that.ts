/** Rejects a contract case with a sentence. */
export function expectThat(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Error(complaint);
}

/** Waits in real time, in small steps, for something that another process or socket does. */
export async function eventually(condition: () => boolean, complaint: string, withinMs = 5000): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end;) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${complaint} within ${withinMs} ms`);
}
