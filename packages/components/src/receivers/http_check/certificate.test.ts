import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { certificateAttributes, secondsLeft } from "./certificate.ts";

const certificate = (name: string): X509Certificate => new X509Certificate(readFileSync(new URL(`testdata/${name}`, import.meta.url)));

it("says of a certificate without names that it has none", () => {
  expect(certificateAttributes(certificate("no-names.pem"))).toEqual({ "http.tls.issuer": "", "http.tls.cn": "", "http.tls.san": [] });
});

it("does not know how long a certificate is valid whose end is no date", () => {
  expect(secondsLeft(certificate("no-date.pem"), 0)).toBe(undefined);
});
