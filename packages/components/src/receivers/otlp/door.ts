import {
  PipelineError,
  type Admission,
  type AuthData,
  type ComponentContext,
  type RequestHeaders,
  type ServerAuthenticator,
} from "@tidemark/core";
import { GRPC } from "../../transport/grpc-status.ts";
import { answerOf, errorAnswer, type ErrorAnswer } from "./answer.ts";

/** What a protocol says about who may send. */
export interface DoorConfig {
  readonly auth?: { readonly authenticator: string; readonly request_params?: readonly string[] } | undefined;
  readonly middlewares: readonly { readonly id: string }[];
}

/** A request at the door. */
export interface Visitor {
  /** What the authenticator said, for the processors behind. */
  auth: AuthData | undefined;
}

/** Decides before a body is read who comes in: an authenticator first, then whoever watches over memory. */
export class Door {
  /** For `WWW-Authenticate`. */
  readonly challenge: string;
  readonly #authenticator: ServerAuthenticator | undefined;
  readonly #params: readonly string[];
  readonly #admissions: readonly Admission[];
  readonly #context: ComponentContext;

  private constructor(config: DoorConfig, context: ComponentContext) {
    const { auth, middlewares } = config;
    this.#context = context;
    this.#authenticator = auth === undefined ? undefined : context.capability("serverAuthenticator", auth.authenticator);
    this.#params = auth?.request_params ?? [];
    this.#admissions = middlewares.map(({ id }) => context.capability("admission", id));
    this.challenge = this.#authenticator?.challenge ?? "Bearer";
  }

  /** Undefined where nobody stands at the door. Call it when the extensions have started. */
  static open(config: DoorConfig, context: ComponentContext): Door | undefined {
    return config.auth === undefined && config.middlewares.length === 0 ? undefined : new Door(config, context);
  }

  /** Calls `then` with why the client may not come in; undefined lets it in. At once, unless the authenticator needs time. */
  identify(visitor: Visitor, headers: RequestHeaders, target: string, then: (refusal: ErrorAnswer | undefined) => void): void {
    const authenticator = this.#authenticator;
    if (authenticator === undefined) return then(undefined);
    const refuse = (caught: unknown): void => then(this.#refusal(caught));
    const accept = (auth: AuthData): void => {
      visitor.auth = auth;
      then(undefined);
    };
    let answer: AuthData | Promise<AuthData>;
    try {
      answer = authenticator.authenticate(this.#params.length === 0 ? headers : this.#withParams(headers, target));
    } catch (error) {
      return refuse(error);
    }
    if (answer instanceof Promise) void answer.then(accept, refuse);
    else accept(answer);
  }

  /** Why nothing can be taken now, if so. */
  refusal(): ErrorAnswer | undefined {
    for (const admission of this.#admissions) {
      const error = admission.refusal();
      if (error !== undefined) return answerOf({ kind: "refused", error }, 0) as ErrorAnswer;
    }
    return undefined;
  }

  #refusal(caught: unknown): ErrorAnswer {
    if (caught instanceof PipelineError) {
      const outcome = caught.retryable
        ? ({ kind: "refused", error: caught } as const)
        : ({ kind: "failed", error: caught, items: 0 } as const);
      return answerOf(outcome, 0) as ErrorAnswer;
    }
    // A defect of the authenticator: nobody gets in, and the client is not told details.
    this.#context.log.error("The authenticator failed; the request is refused.", { error: String(caught) });
    return errorAnswer(GRPC.INTERNAL, "the authenticator failed");
  }

  #withParams(headers: RequestHeaders, target: string): RequestHeaders {
    const start = target.indexOf("?");
    if (start < 0) return headers;
    const query = new URLSearchParams(target.slice(start + 1));
    const found = this.#params.filter((name) => query.has(name)).map((name) => [name.toLowerCase(), query.getAll(name)] as const);
    return { ...headers, ...Object.fromEntries(found.map(([name, values]) => [name, values.length === 1 ? values[0] : values])) };
  }
}
