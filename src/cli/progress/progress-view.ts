import type { Measured } from "./meter.ts";

/** Where progress is shown. */
export interface ProgressView {
  /** Work that is over before is not shown at all. */
  readonly firstMs: number;
  readonly intervalMs: number;
  show(measured: Measured): void;
  /** Takes away what would be in the way of other output. */
  hide(): void;
}
