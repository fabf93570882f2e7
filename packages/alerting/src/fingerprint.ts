const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
/** No UTF-8 text contains this byte, so names and values cannot run into each other. */
const SEPARATOR = 0xffn;

const encoder = new TextEncoder();

function mix(hash: bigint, text: string): bigint {
  let mixed = hash;
  for (const byte of encoder.encode(text)) mixed = BigInt.asUintN(64, (mixed ^ BigInt(byte)) * PRIME);
  return BigInt.asUintN(64, (mixed ^ SEPARATOR) * PRIME);
}

/** FNV-1a, 64 bit, over the labels sorted by name: the same number that Prometheus and Alertmanager compute (LabelSet.Fingerprint). */
export function labelsHash(labels: Readonly<Record<string, string>>): bigint {
  let hash = OFFSET_BASIS;
  for (const name of Object.keys(labels).sort()) hash = mix(mix(hash, name), labels[name] ?? "");
  return hash;
}

/** Identity of an alert, 16 lower-case hex digits: `labelsHash` of its labels and its name as `alertname`. */
export function fingerprint(name: string, labels: Readonly<Record<string, string>>): string {
  return labelsHash({ ...labels, alertname: name })
    .toString(16)
    .padStart(16, "0");
}
