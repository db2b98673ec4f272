import { expect } from "bun:test";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { sharedTool } from "./shared-tool.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

/** Two modules of which the second uses the first as it is installed, not as it is built. */
function modules(project: string): void {
  const pom = (name: string, more = "") => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>trial</groupId><artifactId>${name}</artifactId><version>1-SNAPSHOT</version>
  <properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target></properties>
  ${more}</project>
`;
  const dependency =
    "<dependencies><dependency><groupId>trial</groupId><artifactId>library</artifactId><version>1-SNAPSHOT</version></dependency></dependencies>";
  writeFiles(project, {
    "library/pom.xml": pom("library"),
    ...library(1),
    "program/pom.xml": pom("program", dependency),
    "program/src/main/java/program/Main.java":
      "package program; public class Main { public static void main(String[] w) { System.out.println(library.Library.answer()); } }\n",
  });
}

function library(answer: number): Record<string, string> {
  return {
    "library/src/main/java/library/Library.java": `package library; public class Library { public static int answer() { return ${answer}; } }\n`,
  };
}

const maven = (repository: string, module: string, ...words: string[]) => [
  ..."mvn -q -B -o -Dstyle.color=never".split(" "),
  `-Dmaven.repo.local=${repository}`,
  "-f",
  `${module}/pom.xml`,
  ...words,
];

/** Maven's own plugins, from its registry. */
const plugins = sharedTool("maven-plugins-1", "repository", (directory) => {
  modules(join(directory, "project"));
  const install = (module: string) =>
    maven(join(directory, "repository"), `project/${module}`, "install").filter((word) => word !== "-o");
  return [install("library"), install("program")];
});

testWith(
  ["mvn", "javac", plugins],
  "Maven: what is fetched is shared, what a project installs is not",
  async () => {
    // Relative to the directory of each checkout.
    const at = (module: string, ...words: string[]) => maven(".m2/repository", module, ...words);
    const show = [
      "java",
      "-cp",
      "program/target/classes:.m2/repository/trial/library/1-SNAPSHOT/library-1-SNAPSHOT.jar",
      "program.Main",
    ];
    const { answers, shared } = await expectLikeCopies(scratch, {
      stored: ".m2",
      prepare(project) {
        modules(project);
        must(["mkdir", ".m2"], { cwd: project });
        must(["cp", "-a", plugins.path(), ".m2/repository"], { cwd: project });
        must(at("library", "install"), { cwd: project });
        must(at("program", "compile"), { cwd: project });
      },
      steps: [
        { at: "a", edit: (project) => writeFiles(project, library(2)) },
        { at: "a", run: at("library", "install") },
        { at: "b", run: at("program", "compile") },
        { at: "b", run: show },
        { at: "a", run: show },
      ],
      random: /\.jar$|\/target\/|maven-metadata-local\.xml$|\/_remote\.repositories$/,
    });
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(answers.slice(2).map(({ output }) => output)).toEqual(["1\n", "2\n"]);
    expect(shared.some((path) => path.endsWith(".jar"))).toBe(true);
    expect(
      shared.filter((path) => path.includes("SNAPSHOT") || path.endsWith("_remote.repositories")),
    ).toEqual([]);
  },
);
