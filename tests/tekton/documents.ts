import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The YAML documents of the kit, as far as tests look into them. */
export interface TektonDocument {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly generateName?: string };
  readonly spec: Record<string, unknown>;
}

const directory = join(import.meta.dir, "../../tekton");

export function readKit(): TektonDocument[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".yaml"))
    .toSorted()
    .flatMap((file) => {
      const parsed = Bun.YAML.parse(readFileSync(join(directory, file), "utf8"));
      const documents = (Array.isArray(parsed) ? parsed : [parsed]) as Omit<TektonDocument, "file">[];
      return documents.map((document) => Object.assign({ file }, document));
    });
}
