import { describeErrno, errnoOf, isHeldErrno } from "../fs/errno.ts";

/** Counts what the file system does not let go of. No key needs it, so the next clean tries again. */
export class Leftovers {
  #count = 0;
  #errno: string | undefined;

  /** Undefined if it is held. @throws whatever else goes wrong */
  unlessHeld<Result>(remove: () => Result): Result | undefined {
    try {
      return remove();
    } catch (error) {
      const errno = errnoOf(error);
      if (!isHeldErrno(errno)) throw error;
      this.add([errno]);
      return undefined;
    }
  }

  /** @param errnos for each that is held, why */
  add(errnos: readonly string[]): void {
    this.#count += errnos.length;
    this.#errno ??= errnos[0];
  }

  report(onWarning: (warning: string) => void): void {
    if (this.#errno === undefined) return;
    const what =
      this.#count === 1 ? "1 unneeded file or directory" : `${this.#count} unneeded files or directories`;
    onWarning(`${what} could not be removed: ${describeErrno(this.#errno)}; the next clean tries again`);
  }
}
