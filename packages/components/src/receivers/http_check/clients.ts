import type { ComponentContext } from "@tidemark/core";
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { connectionsOf } from "../../transport/http-client-fields.ts";
import { HttpAgents } from "../../transport/http-poster.ts";
import { TlsSource } from "../../transport/tls/tls-source.ts";
import { check, type CheckResult, type Client } from "./check.ts";
import { sharedLookup } from "./shared-lookup.ts";
import type { TargetConfig } from "./target-fields.ts";
import type { Target } from "./target.ts";

/** Checks targets. */
export interface Checker {
  /** Checks once. Never rejects; undefined when `stop` aborted it. */
  check(target: Target, stop: AbortSignal): Promise<CheckResult | undefined>;
  close(): void;
}

interface OpenClient extends Client {
  readonly certificates: TlsSource<ConnectionOptions>;
}

/** A checker over HTTP: each item of `targets` has its own connections. Rejects when a certificate cannot be read. */
export async function openChecker(targets: readonly TargetConfig[], context: ComponentContext): Promise<Checker> {
  const clients: OpenClient[] = [];
  const shared = sharedLookup(lookup);
  const close = (): void => {
    for (const { agents, certificates } of clients) {
      certificates.close();
      agents.close();
    }
  };
  try {
    for (const target of targets) clients.push(await openClient(target, shared, context));
  } catch (error) {
    close();
    throw error;
  }
  return {
    check: (target, stop) => check(target, clients[target.index]!, context.clock, stop),
    close,
  };
}

async function openClient(config: TargetConfig, shared: LookupFunction, context: ComponentContext): Promise<OpenClient> {
  const { auth, tls } = config;
  const authenticator = auth === undefined ? undefined : context.capability("clientAuthenticator", auth.authenticator);
  const certificates = await TlsSource.client(tls, context);
  // A resumed session shows no certificate, and does not prove that a new client could come in.
  const agents = new HttpAgents(certificates.current, { ...connectionsOf(config), lookup: shared, maxCachedSessions: 0 });
  certificates.onChange((fresh) => agents.setTls(fresh));
  return { agents, authenticator, certificates };
}
