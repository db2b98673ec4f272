/**
 * What files are, told by names alone. *Package contents* come from an installer, which replaces files and never writes
 * into them, so any number of trees may link to them. Everything else is *build state*: tools write into it.
 */
export interface NameRule {
  /**
   * Names of consecutive directories, for what is below the last of them (with a slash at the end), or of directories
   * and a file. `*` stands for any characters of a name, once; where the last name has one, the name before it has
   * none. A rule for files may begin with the pattern of a rule for directories and `**`, which stands for any directories
   * below.
   */
  readonly pattern: string;
  readonly kind: FileKindByName;
  /** For a file: if it is there, its directory and everything below are of this kind. */
  readonly marksDirectory?: boolean;
  readonly reason: string;
  /** Where this was found out. */
  readonly source: string;
}

export type FileKindByName = "package" | "build";

/**
 * The rule for the innermost directory decides; of several for the same directory, the longest one. A rule for a file
 * makes an exception within package contents.
 */
export const NAME_RULES: readonly NameRule[] = [
  {
    pattern: "node_modules/",
    kind: "package",
    reason: "npm, pnpm, yarn and Bun remove a file before they write it; pnpm and Bun link files, too",
    source: "https://pnpm.io/npmrc#package-import-method",
  },
  {
    pattern: "node_modules/.*/",
    kind: "build",
    reason: "caches of build tools (.cache, .vite), generated code (.prisma) and state of installers",
    source: "https://docs.npmjs.com/cli/configuring-npm/folders",
  },
  {
    pattern: "node_modules/.*",
    kind: "build",
    reason: "installers write their state in place: .package-lock.json, .modules.yaml, .yarn-state.yml",
    source: "https://docs.npmjs.com/cli/configuring-npm/package-lock-json#hidden-lockfiles",
  },
  {
    pattern: "node_modules/@prisma/",
    kind: "build",
    reason: "prisma generate and the engines' installer write here",
    source: "https://www.prisma.io/docs/orm/prisma-client/setup-and-configuration/generating-prisma-client",
  },
  {
    pattern: "build/Release/",
    kind: "build",
    reason: "node-gyp builds here, by make",
    source: "https://github.com/nodejs/node-gyp#commands",
  },
  {
    pattern: "build/Debug/",
    kind: "build",
    reason: "node-gyp builds here, by make",
    source: "https://github.com/nodejs/node-gyp#commands",
  },
  {
    pattern: "build/config.gypi",
    kind: "build",
    reason: "node-gyp configure writes it in place",
    source: "https://github.com/nodejs/node-gyp#commands",
  },
  {
    pattern: "build/Makefile",
    kind: "build",
    reason: "node-gyp configure writes it in place",
    source: "https://github.com/nodejs/node-gyp#commands",
  },
  {
    pattern: "build/*.mk",
    kind: "build",
    reason: "node-gyp configure writes it in place",
    source: "https://github.com/nodejs/node-gyp#commands",
  },
  {
    pattern: "build/*.Makefile",
    kind: "build",
    reason: "node-gyp configure writes it in place",
    source: "https://github.com/nodejs/node-gyp#commands",
  },
  {
    pattern: "site-packages/",
    kind: "package",
    reason:
      "pip and uv remove a file before they write it, Python renames byte code into place; uv links itself",
    source: "https://docs.astral.sh/uv/reference/settings/#link-mode",
  },
  {
    pattern: "dist-packages/",
    kind: "package",
    reason: "the same as site-packages, on Debian",
    source: "https://wiki.debian.org/Python#Deviations_from_upstream",
  },
  {
    pattern: "site-packages/*.pth",
    kind: "build",
    reason: "setuptools writes easy-install.pth in place",
    source: "https://docs.python.org/3/library/site.html",
  },
  {
    pattern: "dist-packages/*.pth",
    kind: "build",
    reason: "setuptools writes easy-install.pth in place",
    source: "https://docs.python.org/3/library/site.html",
  },
  {
    pattern: "site-packages/*.dist-info/",
    kind: "build",
    reason: "records of the installer, such as RECORD and direct_url.json",
    source: "https://packaging.python.org/en/latest/specifications/recording-installed-packages/",
  },
  {
    pattern: "dist-packages/*.dist-info/",
    kind: "build",
    reason: "records of the installer, such as RECORD and direct_url.json",
    source: "https://packaging.python.org/en/latest/specifications/recording-installed-packages/",
  },
  {
    pattern: "uv/archive-v*/",
    kind: "package",
    reason: "uv links virtual environments to it",
    source: "https://docs.astral.sh/uv/concepts/cache/",
  },
  {
    pattern: "pkg/mod/",
    kind: "package",
    reason: "Go extracts modules once and makes them read-only",
    source: "https://go.dev/ref/mod#module-cache",
  },
  {
    pattern: "pkg/mod/cache/",
    kind: "build",
    reason: "lists and repositories are updated in place, under locks",
    source: "https://go.dev/ref/mod#module-cache",
  },
  {
    pattern: ".m2/repository/",
    kind: "package",
    reason: "Maven renames artifacts into place",
    source: "https://maven.apache.org/resolver/local-repository.html",
  },
  {
    pattern: ".m2/repository/**/_remote.repositories",
    kind: "build",
    reason: "Maven updates it in place",
    source: "https://maven.apache.org/resolver/local-repository.html",
  },
  {
    pattern: ".m2/repository/**/resolver-status.properties",
    kind: "build",
    reason: "Maven updates it in place",
    source: "https://maven.apache.org/resolver/local-repository.html",
  },
  {
    pattern: ".m2/repository/**/*.lastUpdated",
    kind: "build",
    reason: "Maven updates it in place",
    source: "https://maven.apache.org/resolver/local-repository.html",
  },
  {
    pattern: ".m2/repository/**/maven-metadata-local.xml",
    kind: "build",
    marksDirectory: true,
    reason: "artifacts that were built here: mvn install writes them in place (Maven 3.8)",
    source: "https://maven.apache.org/ref/3.9.9/maven-repository-metadata/",
  },
  {
    pattern: ".m2/repository/**/maven-metadata*.xml",
    kind: "build",
    reason: "Maven merges metadata into it",
    source: "https://maven.apache.org/ref/3.9.9/maven-repository-metadata/",
  },
  {
    pattern: "registry/src/index.crates.io-*/",
    kind: "package",
    reason: "Cargo extracts crates once and does not write into them",
    source: "https://doc.rust-lang.org/cargo/guide/cargo-home.html",
  },
  {
    pattern: "registry/src/github.com-*/",
    kind: "package",
    reason: "the same, of versions before 1.70",
    source: "https://doc.rust-lang.org/cargo/guide/cargo-home.html",
  },
  {
    pattern: ".cargo/registry/src/",
    kind: "package",
    reason: "the same, of other registries",
    source: "https://doc.rust-lang.org/cargo/guide/cargo-home.html",
  },
  {
    pattern: "files-2.1/",
    kind: "package",
    reason: "Gradle names artifacts by their digests and renames them into place",
    source: "https://docs.gradle.org/current/userguide/dependency_caching.html",
  },
  {
    pattern: ".nuget/packages/",
    kind: "package",
    reason: "NuGet extracts packages once",
    source:
      "https://learn.microsoft.com/nuget/consume-packages/managing-the-global-packages-and-cache-folders",
  },
  {
    pattern: "ruby/*/gems/",
    kind: "package",
    reason: "gem and bundle install extract gems once, to a new directory for each version",
    source: "https://bundler.io/man/bundle-install.1.html",
  },
];
