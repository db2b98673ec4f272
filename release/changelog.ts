import { BuildError } from "../link/build-error.ts";

/** A version's section of CHANGELOG.md. */
export interface Release {
  readonly version: string;
  /** `2026-11-27`. */
  readonly date: string;
  readonly notes: string;
}

/**
 * Finds the section of a version in a changelog in the format of https://keepachangelog.com/en/1.1.0/.
 * @throws BuildError if there is none, or if it has no date or no text
 */
export function findRelease(changelog: string, version: string): Release {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${version}]`));
  if (section === undefined) {
    throw new BuildError(
      "no-release",
      "CHANGELOG.md",
      `no section "## [${version}] - YYYY-MM-DD"`,
      "describe the version that package.json names before releasing it",
    );
  }
  const [heading = "", ...lines] = section.split("\n");
  const date = / - (\d{4}-\d{2}-\d{2})$/.exec(heading)?.[1];
  const notes = lines.join("\n").trim();
  if (date === undefined || Number.isNaN(Date.parse(date)) || notes === "") {
    throw new BuildError(
      "no-release",
      "CHANGELOG.md",
      `the section of ${version} has no valid date or no text`,
      `write "## [${version}] - YYYY-MM-DD" and what has changed`,
    );
  }
  return { version, date, notes };
}
