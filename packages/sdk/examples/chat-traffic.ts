/** One simulated chat message: who sent it where, and how long each hop took. */
export interface ChatMessage {
  readonly roomId: string;
  readonly userAgent: string;
  /** Seconds on each hop, in order. */
  readonly hops: readonly (readonly [hop: string, seconds: number])[];
  readonly slow: boolean;
}

/** When deliveries to one room through one client software are slow, and how slow. */
export interface Fault {
  readonly roomId: string;
  readonly userAgent: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly factor: number;
}

// What is listed more than once is drawn more often.
const ROOMS = ["lobby", "music", "release-7", "support", "support"] as const;
const USER_AGENTS = ["ChatWeb/7.3 (Firefox 142)", "ChatIOS/5.1 (iPhone; iOS 19)", "ChatDroid/5.0 (Android 16)"] as const;
const HOPS = [
  ["ingress", 0.002],
  ["fanout", 0.006],
  ["deliver", 0.02],
] as const;
/** Hop times vary by this share up and down. */
const JITTER = 0.3;

export const FAULT: Fault = { roomId: "support", userAgent: "ChatDroid/5.0 (Android 16)", startMs: 8000, endMs: 20_000, factor: 12 };

/**
 * Draws the next message. Times are drawn, not measured, so that a busy machine does not look like a fault of the service.
 * `elapsedMs` counts from the start of the simulation; `random` gives numbers in [0, 1).
 */
export function nextMessage(elapsedMs: number, random: () => number): ChatMessage {
  const roomId = pick(ROOMS, random);
  const userAgent = pick(USER_AGENTS, random);
  const slow = elapsedMs >= FAULT.startMs && elapsedMs < FAULT.endMs && roomId === FAULT.roomId && userAgent === FAULT.userAgent;
  const hops = HOPS.map(([hop, usual]) => {
    const factor = slow && hop === "deliver" ? FAULT.factor : 1;
    return [hop, usual * factor * (1 - JITTER + 2 * JITTER * random())] as const;
  });
  return { roomId, userAgent, hops, slow };
}

/** A small seeded generator (mulberry32): every run of the demo draws the same messages. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(choices: readonly [T, ...T[]], random: () => number): T {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}
