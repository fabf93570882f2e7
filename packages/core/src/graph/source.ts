import { Observable, type Subscriber } from "rxjs";

/**
 * Where deliveries enter a stream that has one subscriber. A Subject would walk a list of them for each delivery, which costs as much
 * as the operators behind it.
 */
export class Source<T> {
  readonly stream: Observable<T>;
  #subscriber: Subscriber<T> | undefined;

  constructor() {
    this.stream = new Observable((subscriber) => {
      this.#subscriber = subscriber;
    });
  }

  /** Hands `value` to the subscriber; without one it is lost. */
  next(value: T): void {
    this.#subscriber?.next(value);
  }

  /** Ends the stream of the subscriber. */
  complete(): void {
    this.#subscriber?.complete();
  }
}
