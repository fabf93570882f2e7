import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";

/** What a client sees of one request. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What to send; a list of chunks goes out without Content-Length. */
export interface HttpSend {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | readonly Uint8Array[];
}

/** One request to a server on loopback, on its own connection. */
export function httpSend(
  port: number,
  { method = "POST", path = "/v1/traces", headers = {}, body = Buffer.alloc(0) }: HttpSend,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const chunked = Array.isArray(body);
    const length = chunked || method === "GET" ? {} : { "content-length": (body as Uint8Array).length };
    const call = request({ host: "127.0.0.1", port, method, path, agent: false, headers: { ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        call.destroy();
      });
    });
    call.on("error", reject);
    if (chunked) for (const chunk of body as readonly Uint8Array[]) call.write(chunk);
    else call.write(body);
    call.end();
  });
}
