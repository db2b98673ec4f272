import type { Measurement } from "./meter.ts";

/** Where progress is shown. */
export interface ProgressView {
  /** Work that ends sooner is not shown. */
  readonly firstMs: number;
  readonly intervalMs: number;
  show(measured: Measurement): void;
  /** Erases what would get in the way of other output. */
  hide(): void;
}
