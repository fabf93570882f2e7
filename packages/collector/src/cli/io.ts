/** What the command line uses of the process. */
export interface CliIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether standard error understands colours. */
  readonly color: boolean;
  readonly readFile: (path: string) => Promise<string>;
}

/** Exit codes of every command. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** A mistake on the command line: its message is shown, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
