/** The fields on the way down to an item: Resource* (1), Scope* (2), span, log record or metric (2). */
const PATH = [1, 2, 2] as const;

/** Counts spans, log records or metrics of an export request by walking its bytes. Independent of the codec under test. */
export function countItems(request: Uint8Array): number {
  return countIn(request, 0, request.length, 0);
}

function countIn(bytes: Uint8Array, from: number, to: number, level: number): number {
  let items = 0;
  for (let at = from; at < to;) {
    const key = bytes[at++] ?? 0; // OTLP has no field above 15 on these levels
    const type = key & 7;
    if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      let value = 0;
      let byte = 0;
      let scale = 1;
      do {
        byte = bytes[at++] ?? 0;
        value += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte > 0x7f);
      if (type === 0) continue;
      if (key >> 3 === PATH[level]) items += level === PATH.length - 1 ? 1 : countIn(bytes, at, at + value, level + 1);
      at += value;
    }
  }
  return items;
}
