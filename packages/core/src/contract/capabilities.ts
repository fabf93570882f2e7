import type { PipelineError } from "./pipeline-error.ts";
import type { Storage } from "./storage.ts";

/** Request headers as a server got them; names are in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What an authenticator learned about a client; processors see it as `auth.<name>`. */
export type AuthData = ReadonlyMap<string, string>;

/** Decides who may send (`auth` of a receiver). */
export interface ServerAuthenticator {
  /** Value of `WWW-Authenticate` for clients that may not (RFC 9110 11.6.1); absent: `Bearer`. */
  readonly challenge?: string;
  /**
   * Checks one request before its body is read.
   * @throws PipelineError with the code `unauthenticated` for a client that may not.
   */
  authenticate(headers: RequestHeaders): AuthData | Promise<AuthData>;
}

/** Shows who we are (`auth` of an exporter). */
export interface ClientAuthenticator {
  /** Headers for the next request. Asked for each request, so that a new token counts at once. */
  headers(): Readonly<Record<string, string>>;
}

/** Turns requests away before they are read (`middlewares` of a receiver). */
export interface Admission {
  /** Undefined: come in. Else the retryable error to answer with. */
  refusal(): PipelineError | undefined;
}

/** What an extension can do for other components, by the names of its members. */
export interface Capabilities {
  readonly serverAuthenticator: ServerAuthenticator;
  readonly clientAuthenticator: ClientAuthenticator;
  readonly admission: Admission;
  readonly storage: Storage;
}

/** The name of something that an extension can do for others. */
export type CapabilityName = keyof Capabilities;
