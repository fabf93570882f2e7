import type { ContractFixture } from "@tidemark/core/testing";
import { startRobot } from "./testing/robot.ts";

/** A robot that counts the alerts in its messages: a message for several begins with their number. */
export const contractFixture: ContractFixture = {
  async open() {
    const robot = await startRobot();
    return {
      config: { url: robot.url },
      received: () =>
        robot.messages.reduce((sum, { body }) => {
          const content = body.msgtype === "markdown" ? body.markdown.content : body.text.content;
          return sum + Number(/^\**(\d+) alerts:/.exec(content)?.[1] ?? 1);
        }, 0),
      close: () => robot.close(),
    };
  },
};
