/** Writes down what happens; the text is made only when somebody reads it. */
export type Trace = (text: () => string) => void;

/** Nobody reads. */
export const noTrace: Trace = () => undefined;
