import { readFile } from "node:fs/promises";
import { rootCertificates, type ConnectionOptions, type SecureVersion, type TlsOptions } from "node:tls";
import { messageOf } from "@tidemark/core";
import type { ClientTlsConfig, ServerTlsConfig } from "./tls-fields.ts";
import { CIPHER_SUITES, CURVES } from "./tls-names.ts";

/** Reads the files that a server's `tls` names. Rejects with the name of the field whose file cannot be read. */
export async function loadServerTls(tls: ServerTlsConfig): Promise<TlsOptions> {
  const clientCa = await pem("client_ca_file", tls.client_ca_file, undefined);
  return {
    ...(await loadCommon(tls)),
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  };
}

/** Reads the files that a client's `tls` names. */
export async function loadClientTls(tls: ClientTlsConfig): Promise<ConnectionOptions> {
  const ca = await pem("ca_file", tls.ca_file, tls.ca_pem);
  return {
    ...(await loadCommon(tls)),
    ...(ca === undefined ? {} : { ca: tls.include_system_ca_certs_pool ? [ca, ...rootCertificates] : ca }),
    rejectUnauthorized: !tls.insecure_skip_verify,
    ...(tls.server_name_override === undefined ? {} : { servername: tls.server_name_override }),
  };
}

async function loadCommon(tls: ServerTlsConfig | ClientTlsConfig): Promise<TlsOptions & ConnectionOptions> {
  const cert = await pem("cert_file", tls.cert_file, tls.cert_pem);
  const key = await pem("key_file", tls.key_file, tls.key_pem);
  const ciphers = tls.cipher_suites.flatMap((name) => CIPHER_SUITES.get(name) ?? []);
  const curves = tls.curve_preferences.flatMap((name) => CURVES[name] ?? []);
  return {
    minVersion: `TLSv${tls.min_version.replace("1.0", "1")}` as SecureVersion,
    ...(tls.max_version === undefined ? {} : { maxVersion: `TLSv${tls.max_version.replace("1.0", "1")}` as SecureVersion }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ciphers.length === 0 ? {} : { ciphers: ciphers.join(":") }),
    ...(curves.length === 0 ? {} : { ecdhCurve: curves.join(":") }),
  };
}

async function pem(field: string, file: string | undefined, text: string | undefined): Promise<string | undefined> {
  if (file === undefined) return text;
  try {
    const content = await readFile(file, "utf8");
    // Node takes an empty text for an absent option; it is what a file has while somebody writes it anew.
    if (content.trim() === "") throw new Error("the file is empty");
    return content;
  } catch (error) {
    const why = messageOf(error);
    throw new Error(`tls.${field}: cannot read ${file}: ${why}; name a PEM file that this user may read`, { cause: error });
  }
}
