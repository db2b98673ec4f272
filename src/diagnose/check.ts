/** Something that was looked at. */
export interface Check {
  /** One or two words, unique. */
  readonly name: string;
  /**
   * `problem`: a store or restore fails, or others are not safe from it. `warning`: it works, but not as well as it
   * could.
   */
  readonly status: "ok" | "warning" | "problem";
  /** Ready for display, without a full stop. */
  readonly finding: string;
}
