import type { ComponentContext, Delivery, Receiver } from "@tidemark/core";
import type { Observable } from "rxjs";
import type { OtlpReceiverConfig } from "./config.ts";
import { GrpcServer } from "./grpc-server.ts";
import { HttpServer } from "./http-server.ts";
import { Intake } from "./intake.ts";
import { RequestCounter } from "./request-counter.ts";

/** Serves the configured protocols and offers every request as a delivery. */
export class OtlpReceiver implements Receiver {
  readonly deliveries: Observable<Delivery>;
  readonly #intake: Intake;
  readonly #servers: (GrpcServer | HttpServer)[] = [];

  constructor(config: OtlpReceiverConfig, context: ComponentContext) {
    this.#intake = new Intake(config.max_in_flight_bytes, new RequestCounter(context), context);
    this.deliveries = this.#intake.deliveries;
    const { grpc, http } = config.protocols;
    if (grpc !== undefined) this.#servers.push(new GrpcServer(grpc, this.#intake, context));
    if (http !== undefined) this.#servers.push(new HttpServer(http, this.#intake, context));
  }

  /** Rejects when an endpoint is taken or a certificate cannot be read; then nothing stays open. */
  async start(): Promise<void> {
    try {
      for (const server of this.#servers) await server.start();
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  /** Stops accepting, lets open requests be answered until `deadline`, then cuts what is left. */
  async shutdown(deadline: AbortSignal): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown(deadline)));
    this.#intake.close();
  }

  /** Addresses that are really listened on, for endpoints with port 0. */
  get ports(): { readonly grpc?: number; readonly http?: number } {
    return Object.fromEntries(this.#servers.map((server) => [server instanceof GrpcServer ? "grpc" : "http", server.port]));
  }
}
