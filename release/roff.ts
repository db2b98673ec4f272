/**
 * Text for a manual page (groff_man(7)): nothing in it is a macro or an escape, and hyphens stay hyphens, so that
 * commands can be copied.
 */
export function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq")
    .replaceAll(/^\./gm, "\\&.");
}

/** `-c, --cache <dir>` as `\fB-c\fR, \fB--cache\fR \fIdir\fR`. */
export function formatTerm(term: string): string {
  return escapeRoff(term)
    .replaceAll(/(\\-[\w\\-]+)/g, "\\fB$1\\fR")
    .replaceAll(/<([^>]+)>/g, "\\fI$1\\fR");
}
