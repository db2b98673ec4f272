import type { ContentState } from "./content-state.ts";

/**
 * What objects were found to be. Nearly always, all of them are sound and nobody asks for one by name, so sound ones
 * are entered in the table only when somebody does: that costs as much as opening them.
 */
export class ObjectStates {
  readonly #byName = new Map<string, ContentState>();
  #soundNames: string[] = [];

  get count(): number {
    return this.#byName.size + this.#soundNames.length;
  }

  get isAllSound(): boolean {
    return [...this.#byName.values()].every((state) => state === "sound");
  }

  /** It must not have been added before. */
  add(name: string, state: ContentState): void {
    if (state === "sound") this.#soundNames.push(name);
    else this.#byName.set(name, state);
  }

  /** Undefined if it was not added. */
  stateOf(name: string): ContentState | undefined {
    for (const sound of this.#soundNames) this.#byName.set(sound, "sound");
    this.#soundNames = [];
    return this.#byName.get(name);
  }

  /** Not for sound ones. */
  namesOf(wanted: Exclude<ContentState, "sound">): string[] {
    return [...this.#byName].filter(([, state]) => state === wanted).map(([name]) => name);
  }

  forget(name: string): void {
    if (this.stateOf(name) !== undefined) this.#byName.delete(name);
  }
}
