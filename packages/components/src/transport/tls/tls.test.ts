import { testContext } from "@tidemark/core/testing";
import { openBatch } from "@tidemark/otlp";
import { describe, expect, it } from "vitest";
import { otlpGrpcExporter } from "../../exporters/otlp_grpc/index.ts";
import { otlpHttpExporter } from "../../exporters/otlp_http/index.ts";
import { openReceiver } from "../../receivers/otlp/testing/receiver-rig.ts";
import { exportRequest } from "../testing/otlp-bytes.ts";
import { sendOnce } from "../testing/send-once.ts";

const file = (name: string): string => new URL(`testdata/${name}`, import.meta.url).pathname;
const server = { cert_file: file("cert.pem"), key_file: file("key.pem") };
const mutual = { ...server, client_ca_file: file("cert.pem") };
const BATCH = openBatch("traces", exportRequest("traces", 2));

/** What the exporter of a protocol sees of a receiver with TLS, each with its own `tls`. */
async function attempt(protocol: "grpc" | "http", serverTls: object, clientTls: object): Promise<string> {
  const rig = await openReceiver({ [protocol]: { tls: serverTls } });
  const context = testContext({ kind: "exporter" });
  const exporter =
    protocol === "grpc"
      ? otlpGrpcExporter.create(otlpGrpcExporter.config.parse({ endpoint: `localhost:${rig.grpc}`, tls: clientTls }), context)
      : otlpHttpExporter.create(otlpHttpExporter.config.parse({ endpoint: `https://localhost:${rig.http}`, tls: clientTls }), context);
  try {
    await exporter.start?.();
    const { error } = await sendOnce(exporter, BATCH);
    return error === undefined
      ? `${rig.deliveries[0]?.batch.itemCount} items`
      : `${error.retryable ? "retryable" : "permanent"}: ${error.message}`;
  } finally {
    await exporter.shutdown?.(AbortSignal.abort());
    await rig.receiver.shutdown(AbortSignal.abort());
  }
}

describe.each(["grpc", "http"] as const)("TLS over %s", (protocol) => {
  it("carries data to a server whose certificate is known", async () => {
    expect(await attempt(protocol, server, { ca_file: file("cert.pem") })).toBe("2 items");
  });

  it("refuses a server whose certificate is not known, unless told not to look", async () => {
    expect(await attempt(protocol, server, {})).toMatch(/^retryable: .*self-signed certificate/);
    expect(await attempt(protocol, server, { insecure_skip_verify: true })).toBe("2 items");
  });

  it("asks clients for a certificate when client_ca_file is set", async () => {
    expect(await attempt(protocol, mutual, { ca_file: file("cert.pem"), ...server })).toBe("2 items");
    expect(await attempt(protocol, mutual, { ca_file: file("cert.pem") })).toMatch(/^retryable: /);
  });

  it("speaks no version below min_version", async () => {
    expect(await attempt(protocol, { ...server, min_version: "1.3" }, { ca_file: file("cert.pem"), max_version: "1.2" })).toMatch(
      /^retryable: /,
    );
  });

  it("names the field of a file that cannot be read", async () => {
    await expect(attempt(protocol, { ...server, key_file: "nowhere.pem" }, {})).rejects.toThrow("tls.key_file: cannot read nowhere.pem");
  });
});
