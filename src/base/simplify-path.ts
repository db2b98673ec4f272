/**
 * A path without empty names and `.`, and without names that a `..` after them takes back; `.` if nothing is left. A slash
 * at its end stays. The same as `normalize` of `node:path/posix`, without loading it.
 */
export function simplifyPath(path: string): string {
  const isAbsolute = path.startsWith("/");
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    const last = names.length - 1;
    if (name !== ".." || (last < 0 ? !isAbsolute : names[last] === "..")) names.push(name);
    else names.length = Math.max(last, 0);
  }
  const end = path.endsWith("/") && names.length > 0 ? "/" : "";
  if (isAbsolute) return `/${names.join("/")}${end}`;
  if (names.length > 0) return `${names.join("/")}${end}`;
  return path.endsWith("/") ? "./" : ".";
}
