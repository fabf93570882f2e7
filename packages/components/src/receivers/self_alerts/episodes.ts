import type { Finding, RuleName } from "./finding.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;

/** How an alert behaves in time. */
export interface Pace {
  /** How long something must have lasted before the alert fires. */
  readonly forMs: number;
  /** How long it must be over before the alert is resolved. */
  readonly keepMs: number;
  /** How often it is told again while it fires; 0 for never. */
  readonly repeatMs: number;
}

/** What has been told last. */
type Told = "nothing" | "firing" | "resolved";

/** An alert from the first sign of it to the moment when its end was told. */
export interface Episode {
  finding: Finding;
  status: "pending" | "firing" | "resolved";
  lastSeenAt: number;
  /** When it was resolved. */
  endsAt: number;
  told: Told;
  toldAt: number;
  /** A change is on its way, and nobody knows yet whether it arrives. */
  isOnItsWay: boolean;
  /** After a refusal: when it is offered again. */
  againAt: number;
  pauseMs: number;
}

/** By what tells them apart. */
export type EpisodeMemory = Record<string, Episode>;

/** What became of a change that was sent. */
export type Arrival = { readonly kind: "arrived" } | { readonly kind: "refused"; readonly retryAfterMs: number };

/** Brings the episodes up to what is found now. */
export function followFindings(memory: EpisodeMemory, findings: readonly Finding[], now: number, paceOf: (rule: RuleName) => Pace): void {
  const found = new Map(findings.map((finding) => [JSON.stringify([finding.rule, finding.labels]), finding]));
  for (const [key, finding] of found) {
    const episode = (memory[key] ??= begin(finding, now));
    goOn(episode, finding, now, paceOf(finding.rule));
  }
  for (const [key, episode] of Object.entries(memory)) {
    if (!found.has(key)) end(episode, now, paceOf(episode.finding.rule));
    const isDone = episode.status === "pending" ? !found.has(key) : episode.status === "resolved" && episode.told !== "firing";
    if (isDone && !episode.isOnItsWay) delete memory[key];
  }
}

/** The episodes of which something should be told now. */
export function dueEpisodes(memory: EpisodeMemory, now: number, paceOf: (rule: RuleName) => Pace): Episode[] {
  return Object.values(memory).filter((episode) => {
    const { finding, status, told, toldAt, isOnItsWay, againAt } = episode;
    if (status === "pending" || isOnItsWay || now < againAt) return false;
    if (status !== told) return true;
    const { repeatMs } = paceOf(finding.rule);
    return status === "firing" && repeatMs > 0 && now - toldAt >= repeatMs;
  });
}

/** The present status of the episode has left; call what it gives when that is settled. */
export function send(episode: Episode, now: number): (arrival: Arrival, settledAt: number) => void {
  const { status } = episode;
  episode.isOnItsWay = true;
  return (arrival, settledAt) => {
    episode.isOnItsWay = false;
    if (arrival.kind === "arrived") {
      episode.told = status === "pending" ? "nothing" : status;
      episode.toldAt = now;
      episode.pauseMs = FIRST_PAUSE_MS;
      return;
    }
    episode.againAt = settledAt + Math.max(episode.pauseMs, arrival.retryAfterMs);
    episode.pauseMs = Math.min(episode.pauseMs * 2, LONGEST_PAUSE_MS);
  };
}

/** Takes over what another process has told: what was on its way may have arrived, and is not told twice. */
export function adoptEpisodes(memory: EpisodeMemory): void {
  for (const episode of Object.values(memory)) {
    if (episode.isOnItsWay && episode.status !== "pending") episode.told = episode.status;
    episode.isOnItsWay = false;
  }
}

function begin(finding: Finding, now: number): Episode {
  return {
    finding,
    status: "pending",
    lastSeenAt: now,
    endsAt: 0,
    told: "nothing",
    toldAt: 0,
    isOnItsWay: false,
    againAt: 0,
    pauseMs: FIRST_PAUSE_MS,
  };
}

function goOn(episode: Episode, finding: Finding, now: number, { forMs }: Pace): void {
  // Its beginning stays what it was, also when the exporter is a new one after a reload; an end that was told stays told.
  const since =
    episode.status === "pending" || episode.told === "resolved" ? finding.since : Math.min(episode.finding.since, finding.since);
  episode.finding = { ...finding, since };
  episode.lastSeenAt = now;
  if (episode.status === "resolved" && episode.told === "resolved") episode.status = "pending";
  if (episode.status === "resolved" && !episode.isOnItsWay) episode.status = "firing";
  if (episode.status === "pending" && now - since >= forMs) episode.status = "firing";
}

function end(episode: Episode, now: number, { keepMs }: Pace): void {
  if (episode.status !== "firing" || now - episode.lastSeenAt < keepMs) return;
  episode.status = "resolved";
  episode.endsAt = now;
}
