/** Values that a log line can carry beside its message. A list is a text of several lines, which people are shown one below the other. */
export type LogFields = Readonly<Record<string, string | number | boolean | bigint | readonly string[] | undefined>>;

/**
 * Levels follow what an operator has to do: `info` what they asked for succeeded, `warn` recovered and nothing was
 * lost, `error` data was lost or a person is needed. Events per item are metrics, not log lines.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
