import { gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { createServer as createPlainServer, type AddressInfo, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { startCli } from "../testing/cli-process.ts";
import { adminUrl, askAdmin } from "./admin-client.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const pemUrl = (name: string): URL => new URL(`../../../components/src/transport/tls/testdata/${name}.pem`, import.meta.url);
const pem = (name: string): Promise<string> => readFile(pemUrl(name), "utf8");
const hello: RequestListener = (_, response) => void response.end("hello");
const secure = async (more: ServerOptions = {}): Promise<number> =>
  listening(createTlsServer({ cert: await pem("cert"), key: await pem("key"), ...more }, hello));

/** What asking there comes to: the message, with the port left out. */
async function asking(scheme: string, port: number, token = ""): Promise<unknown> {
  const url = adminUrl(`${scheme}://127.0.0.1:${port}`, "/-/ledger");
  const answer = askAdmin(fetch, { url, method: "GET", env: { TIDEMARK_ADMIN_TOKEN: token } });
  return answer.catch((caught: unknown) => (caught as Error).message.replaceAll(`:${port}`, ":PORT"));
}

describe("asking an admin endpoint", () => {
  it("says that nobody is there", async () => {
    const server = createPlainServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await asking("http", port)).toBe(
      "nothing listens at http://127.0.0.1:PORT; start the collector with the extension admin, or name its address: --admin URL",
    );
  });

  it("says that a server speaks TLS", async () => {
    expect(await asking("http", await secure())).toBe(
      "http://127.0.0.1:PORT does not answer in plain HTTP; if it has tls, write --admin https://127.0.0.1:PORT",
    );
  });

  it("says that a server of Go speaks TLS", async () => {
    const port = await listening(
      createServer((_, response) => void response.writeHead(400).end("Client sent an HTTP request to an HTTPS server.\n")),
    );
    expect(await asking("http", port)).toBe(
      "http://127.0.0.1:PORT does not answer in plain HTTP; if it has tls, write --admin https://127.0.0.1:PORT",
    );
  });

  it("says that a server speaks no TLS", async () => {
    expect(await asking("https", await listening(createServer(hello)))).toBe(
      "https://127.0.0.1:PORT speaks no TLS; write --admin http://127.0.0.1:PORT",
    );
  });

  it("says that nobody is known who vouches for a certificate", async () => {
    expect(await asking("https", await secure())).toBe(
      "the certificate of https://127.0.0.1:PORT comes from an authority that is not known here; name its file: NODE_EXTRA_CA_CERTS=ca.pem",
    );
  });

  it.each(["TLSv1.3", "TLSv1.2"] as const)("says that a client certificate is wanted (%s)", async (maxVersion) => {
    const port = await secure({ requestCert: true, rejectUnauthorized: true, ca: await pem("cert"), maxVersion });
    const env = { NODE_EXTRA_CA_CERTS: fileURLToPath(pemUrl("cert")) };
    const { code, stderr } = await startCli(["ledger", "--admin", `https://127.0.0.1:${port}`], env).result;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `tidemark ledger: https://127.0.0.1:${port} hung up in the handshake; if it asks for client certificates, which this command has none of, take tls::client_ca_file out of the extension and use auth\n`,
    });
  });

  it("says that a host is not known", async () => {
    const answer = askAdmin(fetch, { url: adminUrl("http://nowhere.invalid", "/"), method: "GET", env: {} });
    await expect(answer).rejects.toThrow(/^the host "nowhere\.invalid" is not known; correct --admin$/);
  });

  it("says that nothing came in time", async () => {
    const never: typeof fetch = () => Promise.reject(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    const answer = askAdmin(never, { url: adminUrl("http://localhost:1", "/"), method: "GET", env: {} });
    await expect(answer).rejects.toThrow(
      "http://localhost:1 did not answer within 30 s; check that it is a collector's admin extension: --admin URL",
    );
  });

  it("says which token is wanted, in one line that commands no terminal", async () => {
    const port = await listening(createServer((_, response) => void response.writeHead(401).end("401: no\u001b[2J\ntoken\n")));
    expect(await asking("http", port)).toBe("http://127.0.0.1:PORT asks for a token (no [2J token); set TIDEMARK_ADMIN_TOKEN");
    expect(await asking("http", port, "wrong")).toBe(
      "http://127.0.0.1:PORT does not take the token in TIDEMARK_ADMIN_TOKEN (no [2J token); set it to the one that its authenticator knows",
    );
  });

  it("takes no text from an answer that commands a terminal or has lines of its own", async () => {
    const body = JSON.stringify({ nodes: [{ "node\u001b[2J": "a\u001b]0;x\u0007\nNODE" }], list: ["\u009b31m"], count: 1 });
    const port = await listening(createServer((_, response) => void response.end(body)));
    expect(await asking("http", port)).toEqual({ status: 200, body: { nodes: [{ "node [2J": "a ]0;x NODE" }], list: ["31m"], count: 1 } });
  });

  it("reads no answer without end", async () => {
    const bomb = gzipSync(Buffer.alloc((16 << 20) + 1, 32));
    const port = await listening(createServer((_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb)));
    expect(await asking("http", port)).toMatch(/the answer is longer than 16777216 bytes/);
  });

  it("follows nobody elsewhere with its token", async () => {
    let asked = 0;
    const other = await listening(createServer(() => (asked += 1)));
    const port = await listening(
      createServer((_, response) => void response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end()),
    );
    expect(await asking("http", port, "secret")).toEqual({ status: 302, body: undefined });
    expect(asked).toBe(0);
  });

  it("takes an http or https URL", () => {
    expect(adminUrl("https://gateway:9/base", "/-/plan").href).toBe("https://gateway:9/-/plan");
    for (const base of ["localhost", "localhost:13135", "ftp://x", ""])
      expect(() => adminUrl(base, "/")).toThrow(`"${base}" is not an http or https URL; write --admin http://localhost:13135`);
  });
});
