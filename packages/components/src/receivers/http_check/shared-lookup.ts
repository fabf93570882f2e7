import type { LookupFunction } from "node:net";

type Answer = Parameters<LookupFunction>[2];

/**
 * Looks names up with `lookup`, each once at a time. A lookup goes on when the check that wanted it has timed out, and the process has few threads for
 * lookups: those of a name server that is silent would pile up there, in front of those of the exporters.
 */
export function sharedLookup(lookup: LookupFunction): LookupFunction {
  const waiting = new Map<string, Answer[]>();
  return (hostname, options, answer) => {
    const key = JSON.stringify([hostname, options]);
    const others = waiting.get(key);
    if (others !== undefined) return void others.push(answer);
    const answers = [answer];
    waiting.set(key, answers);
    lookup(hostname, options, (...found) => {
      waiting.delete(key);
      for (const each of answers) each(...found);
    });
  };
}
