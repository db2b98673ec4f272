import { makeReleaseOnce } from "./made-release.ts";

makeReleaseOnce(process.argv[2] ?? "");
