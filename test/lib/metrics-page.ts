/** Reads one series from a page of the Prometheus text format; undefined when it is not there. */
export function seriesOf(page: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const line = page
    .split("\n")
    .find((text) => (text.startsWith(`${name} `) || text.startsWith(`${name}{`)) && wanted.every((label) => text.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}
