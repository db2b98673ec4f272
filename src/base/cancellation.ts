/** What long synchronous work asks between two steps. */
export interface Cancellation {
  /** Once it is true, the result is no longer wanted. */
  isCancelled(): boolean;
}
