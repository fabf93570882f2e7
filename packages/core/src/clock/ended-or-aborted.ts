/** Resolves when `work` has ended, well or not, or when `deadline` has aborted: what hangs must not hold the end of everything else. */
export function endedOrAborted(work: Promise<unknown>, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      deadline.removeEventListener("abort", end);
      resolve();
    };
    if (deadline.aborted) return resolve();
    deadline.addEventListener("abort", end, { once: true });
    work.then(end, end);
  });
}
