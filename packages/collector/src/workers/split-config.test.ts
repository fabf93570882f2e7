import { registry } from "@tidemark/components";
import { loadConfig, type LoadedConfig } from "@tidemark/config";
import { describe, expect, it } from "vitest";
import { supervisorConfig, workerConfig } from "./split-config.ts";

async function load(text: string): Promise<LoadedConfig> {
  const none = (): Promise<string> => Promise.reject(new Error("nothing is read here"));
  const result = await loadConfig({ uris: [`yaml:${text}`], sets: [], registry, env: {}, readFile: none, readRemote: none });
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("; "));
  return result.config;
}

const ids = ({ graph }: LoadedConfig): readonly string[] => graph.extensions.map(({ id }) => id);

describe("a configuration for several processes", () => {
  it("gives the supervisor what there may be only one of, and what that needs of others", async () => {
    const config = await load(`
receivers: { otlp: { protocols: { grpc: { auth: { authenticator: bearertokenauth/clients } } } } }
exporters: { debug: {} }
extensions:
  health_check: {}
  admin: { auth: { authenticator: bearertokenauth/admin } }
  bearertokenauth/admin: { token: a }
  bearertokenauth/clients: { token: b }
service:
  extensions: [health_check, admin, bearertokenauth/admin, bearertokenauth/clients]
  pipelines: { traces: { receivers: [otlp], exporters: [debug] } }
`);
    expect(ids(supervisorConfig(config))).toEqual(["health_check", "admin", "bearertokenauth/admin"]);
    expect(supervisorConfig(config).graph.pipelines).toEqual([]);
    expect(ids(workerConfig(config))).toEqual(["bearertokenauth/admin", "bearertokenauth/clients"]);
    expect(workerConfig(config).graph.pipelines).toEqual(config.graph.pipelines);
  });
});
