import type { NameKind } from "./named-content.ts";

/** When files last changed, in seconds since 1970: of manifests, of which there are few, and if they are kept, of objects. */
export class ChangeTimes {
  private readonly manifests = new Map<number, number>();
  private objects: Uint32Array<ArrayBuffer> | undefined;

  keepObjects(): void {
    this.objects ??= new Uint32Array(0);
  }

  reserve(capacity: number): void {
    if (this.objects === undefined) return;
    this.objects = new Uint32Array(this.objects.buffer.transfer(capacity * 4));
  }

  add(file: number, kind: NameKind, seconds: number): void {
    if (kind === "manifest") this.manifests.set(file, seconds);
    else if (this.objects !== undefined) this.objects[file] = seconds;
  }

  /** @throws RangeError if it is an object, and times of objects are not kept */
  of(file: number): number {
    const seconds = this.manifests.get(file) ?? this.objects?.[file];
    if (seconds === undefined) throw new RangeError("times of objects are not kept");
    return seconds;
  }
}
