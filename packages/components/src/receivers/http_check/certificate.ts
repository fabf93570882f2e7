import type { X509Certificate } from "node:crypto";
import type { PointAttributes } from "../../scraping/metric-writer.ts";

/** Seconds from `now`, in milliseconds since the Unix epoch, until the certificate expires. */
export function secondsLeft({ validToDate }: X509Certificate, now: number): number {
  return Math.trunc((validToDate.getTime() - now) / 1000);
}

/** Who issued it, for whom, under which names. */
export function certificateAttributes({ issuer, subject, subjectAltName = "" }: X509Certificate): PointAttributes {
  return {
    // As in RFC 4514: the most special part first.
    "http.tls.issuer": issuer.trim().split("\n").toReversed().join(","),
    "http.tls.cn": /^CN=(.*)$/m.exec(subject)?.[1] ?? "",
    "http.tls.san": [...subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = ""]) =>
      name.startsWith('"') ? (JSON.parse(name) as string) : name,
    ),
  };
}
