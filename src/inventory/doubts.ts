import { escapeControls } from "../base/byte-string.ts";
import { describeErrno, errnoOf, reasonOf } from "../fs/errno.ts";
import type { UnreadablePack } from "../packs/contents/read-pack.ts";
import type { Condition } from "./condition.ts";
import type { GroupedKeys } from "./group-keys.ts";

/** What could not be read while stock was taken, and what that leaves unknown. */
export class Doubts {
  /** Sentences for the user. */
  readonly warnings: string[] = [];
  #mayAllBeNeeded = false;
  readonly #isBeingMade: boolean;

  /** @param isBeingMade the cache has no format file yet, so the first store may still have to make what is missing */
  constructor(isBeingMade = false) {
    this.#isBeingMade = isBeingMade;
  }

  /** Something that may need any item could not be read. */
  get mayAllBeNeeded(): boolean {
    return this.#mayAllBeNeeded;
  }

  addKeys({ unreadable, foreign }: Pick<GroupedKeys, "unreadable" | "foreign">): void {
    for (const { name, reason } of unreadable) {
      this.#mayAllBeNeeded = true;
      this.warnings.push(`cannot read the key file ${escapeControls(name)}: ${reason}`);
    }
    for (const { name, reason } of foreign) {
      this.warnings.push(`${escapeControls(name)} in the directory of keys is left alone: ${reason}`);
    }
  }

  /** An entry that could not be examined is kept. */
  addEntry(keys: readonly string[], condition: Condition): void {
    if (condition.kind !== "unreadable") return;
    const names = keys.map(escapeControls).join(", ");
    this.warnings.push(`cannot tell whether ${names} is damaged: ${condition.reason}`);
  }

  addPack({ name, errno }: UnreadablePack): void {
    this.warnings.push(`cannot read pack ${name}, which is kept: ${describeErrno(errno)}`);
  }

  /** @param what has a manifest that could not be read */
  addUnknownNeeds(what: string, condition: Condition): void {
    this.#mayAllBeNeeded = true;
    const reason = condition.kind === "unreadable" ? `: ${condition.reason}` : "";
    this.warnings.push(`cannot tell what ${escapeControls(what)} needs${reason}`);
  }

  /**
   * Reads something in the cache; returns undefined, with a warning, if the system refuses.
   * @param what for the sentence "cannot read …"
   */
  attempt<Result>(what: string, read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      this.#addFailure(what, error);
      return undefined;
    }
  }

  /** The same for a read that has to be awaited. */
  async attemptAsync<Result>(what: string, read: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#addFailure(what, error);
      return undefined;
    }
  }

  /** @throws the error, unless it comes from the system */
  #addFailure(what: string, error: unknown): void {
    if (errnoOf(error) === undefined) throw error;
    if (this.#isBeingMade && errnoOf(error) === "ENOENT") return;
    this.warnings.push(`cannot read ${what}: ${reasonOf(error)}`);
  }

  /** The same for what may need any item. */
  attemptNeeds<Result>(what: string, read: () => Result): Result | undefined {
    const result = this.attempt(what, read);
    if (result === undefined) this.#mayAllBeNeeded = true;
    return result;
  }
}
