import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { blocksOf } from "../docs/markdown-blocks.ts";

/** For kustomize, not for a cluster. */
const NOT_RESOURCES: ReadonlySet<string> = new Set(["kustomization.yaml", "settings.yaml"]);

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
    .filter((file) => file.endsWith(".yaml") && !NOT_RESOURCES.has(file))
    .toSorted()
    .flatMap((file) => {
      const parsed = Bun.YAML.parse(readFileSync(join(directory, file), "utf8"));
      const documents = (Array.isArray(parsed) ? parsed : [parsed]) as Omit<TektonDocument, "file">[];
      return documents.map((document) => Object.assign({ file }, document));
    });
}

/**
 * What the guide shows: whole documents as they are; a list of steps as a task of these, with the workspaces that the
 * guide tells of.
 */
export function readGuide(): TektonDocument[] {
  return blocksOf("docs/tekton.md")
    .filter(({ language }) => language === "yaml")
    .map(({ page, line, text }) => {
      const file = `${page}:${line}`;
      const parsed = Bun.YAML.parse(text);
      if (!Array.isArray(parsed)) return Object.assign({ file }, parsed as Omit<TektonDocument, "file">);
      return {
        file,
        apiVersion: "tekton.dev/v1",
        kind: "Task",
        metadata: { name: "guide" },
        spec: { workspaces: [{ name: "source" }, { name: "cache" }], steps: parsed },
      };
    });
}
