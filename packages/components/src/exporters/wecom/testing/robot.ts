import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WecomMessage } from "../message.ts";

interface RobotMessage {
  readonly contentType: string;
  readonly bytes: number;
  readonly body: WecomMessage;
}

/** A local group robot with the manners of the real one: HTTP 200 for everything, limits by bytes, the truth in `errcode`. */
export interface Robot {
  readonly url: string;
  readonly key: string;
  /** Messages that were accepted. */
  readonly messages: RobotMessage[];
  /** Requests so far, accepted or not. */
  requests(): number;
  /** Answers the next request with this errcode. */
  failNext(errcode: number, errmsg?: string): void;
  /** Answers the next request with this HTTP status and no JSON. */
  breakNext(status: number): void;
  close(): Promise<void>;
}

const LIMITS = { markdown: 4096, text: 2048 } as const;

function judge(key: string | null, expected: string, message: WecomMessage): [errcode: number, errmsg: string] {
  if (key !== expected)
    return [
      93000,
      "invalid webhook url, hint: [1760000000], from ip: 192.0.2.1, more info at https://open.work.weixin.qq.com/devtool/query?e=93000",
    ];
  if (message.msgtype !== "markdown" && message.msgtype !== "text") return [40008, "invalid message type"];
  const content = message.msgtype === "markdown" ? message.markdown.content : message.text.content;
  if (Buffer.byteLength(content) > LIMITS[message.msgtype])
    return [40058, `${message.msgtype}.content exceed max length ${LIMITS[message.msgtype]}`];
  return [0, "ok"];
}

export async function startRobot(): Promise<Robot> {
  const key = "693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa";
  const messages: RobotMessage[] = [];
  const scripted: { errcode?: number; errmsg?: string; status?: number }[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests++;
      const next = scripted.shift();
      if (next?.status !== undefined) return void response.writeHead(next.status).end("<html>bad gateway</html>");
      const raw = Buffer.concat(chunks);
      const body = JSON.parse(raw.toString("utf8")) as WecomMessage;
      const judged = judge(new URL(request.url ?? "", "http://robot").searchParams.get("key"), key, body);
      const [errcode, errmsg] = next?.errcode === undefined ? judged : [next.errcode, next.errmsg ?? "scripted"];
      if (errcode === 0) messages.push({ contentType: request.headers["content-type"] ?? "", bytes: raw.length, body });
      response.writeHead(200, { "content-type": "application/json; charset=UTF-8" }).end(JSON.stringify({ errcode, errmsg }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/cgi-bin/webhook/send?key=${key}`,
    key,
    messages,
    requests: () => requests,
    failNext: (errcode, errmsg) => void scripted.push({ errcode, ...(errmsg === undefined ? {} : { errmsg }) }),
    breakNext: (status) => void scripted.push({ status }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
