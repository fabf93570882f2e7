import { connect, type ClientSessionOptions, type SecureClientSessionOptions } from "node:http2";
import type { HttpReply, HttpSend } from "./http-client.ts";

/** One request over HTTP/2, on its own connection. `origin` is a URL, or a port on loopback for clear text with prior knowledge. */
export function http2Send(
  origin: number | string,
  { method = "POST", path = "/v1/traces", headers = {}, body = Buffer.alloc(0) }: HttpSend,
  options: ClientSessionOptions | SecureClientSessionOptions = {},
): Promise<HttpReply> {
  const session = connect(typeof origin === "number" ? `http://127.0.0.1:${origin}` : origin, options);
  return new Promise((resolve, reject) => {
    session.on("error", reject);
    const chunks: Buffer[] = [];
    const chunked = Array.isArray(body);
    const length = chunked || method === "GET" ? {} : { "content-length": (body as Uint8Array).length };
    const stream = session.request({ ":method": method, ":path": path, ...length, ...headers }, { endStream: method === "GET" });
    let answer: HttpReply["headers"] = {};
    stream.on("response", (received) => void (answer = received));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      resolve({ status: Number(answer[":status"] ?? 0), headers: answer, body: Buffer.concat(chunks) });
      session.destroy();
    });
    if (method === "GET") return;
    for (const chunk of chunked ? (body as readonly Uint8Array[]) : [body as Uint8Array]) stream.write(chunk);
    stream.end();
  });
}
