import type { X509Certificate } from "node:crypto";
import type { PointAttributes } from "../../scraping/metric-writer.ts";

/** Seconds from `now`, in milliseconds since the Unix epoch, until the certificate expires; undefined where its end is no date. */
export function secondsLeft({ validToDate }: X509Certificate, now: number): number | undefined {
  const end = validToDate.getTime();
  return Number.isNaN(end) ? undefined : Math.trunc((end - now) / 1000);
}

/** Who issued it, for whom, under which names. What is empty in it is undefined to Node, whatever its types say. */
export function certificateAttributes({ issuer = "", subject = "", subjectAltName = "" }: Partial<X509Certificate>): PointAttributes {
  return {
    // As in RFC 4514: the most special part first.
    "http.tls.issuer": issuer.trim().split("\n").toReversed().join(","),
    "http.tls.cn": /^CN=(.*)$/m.exec(subject)?.[1] ?? "",
    "http.tls.san": [...subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = ""]) =>
      name.startsWith('"') ? (JSON.parse(name) as string) : name,
    ),
  };
}
