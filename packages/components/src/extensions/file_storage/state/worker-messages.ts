import type { StateCalls } from "./state-calls.ts";

/** One request to the thread of the database. Calls are numbered from 1 on. */
export interface Call {
  readonly call: number;
  readonly name: keyof StateCalls;
  readonly args: readonly unknown[];
}

/** What it came to. The answer number 0 tells how the database was opened. */
export type Answer = { readonly call: number } & ({ readonly result: unknown } | { readonly error: PostedError });

/** An error as it crosses threads: codes would be lost in a structured clone. */
export interface PostedError {
  readonly message: string;
  readonly code?: string;
  readonly errcode?: number;
}

/** The parts of an error that the other thread decides by. */
export function describeError(error: unknown): PostedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message } = error;
  return {
    message,
    ...("code" in error && typeof error.code === "string" ? { code: error.code } : {}),
    ...("errcode" in error && typeof error.errcode === "number" ? { errcode: error.errcode } : {}),
  };
}
