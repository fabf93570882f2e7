/** What is known of one connection of a client. Holds nothing of its requests: it lives much longer than any body. */
export class ClientConnection {
  /** IP address; undefined over a Unix socket. */
  readonly address: string | undefined;
  /** Bytes of the receiver's budget that its requests hold. */
  held = 0;
  /** Requests that have begun and are not over. */
  open = 0;
  /** It is too old: its next answer is its last. */
  retired = false;
  /** Whether its last request was in protobuf: the encoding for an answer to bytes that are no request. */
  protobuf = false;

  constructor(address: string | undefined) {
    this.address = address;
  }
}
