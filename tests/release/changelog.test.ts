import { expect, test } from "bun:test";
import { findRelease } from "../../release/changelog.ts";

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.1.0] - 2026-02-03

### Added

- this

## [1.0.0] - 2026-02-30

text

## [0.9.0]
`;

test("a version has a date and notes", () => {
  expect(findRelease(CHANGELOG, "1.1.0")).toEqual({
    version: "1.1.0",
    date: "2026-02-03",
    notes: "### Added\n\n- this",
  });
});

for (const [version, reason] of [
  ["1.1", "no section"],
  ["2.0.0", "no section"],
  ["0.9.0", "no valid date"],
] as const) {
  test(`${version} is not described: ${reason}`, () => {
    expect(() => findRelease(CHANGELOG, version)).toThrow(reason);
  });
}
