/** Colours for a light and a dark page; each pair has a contrast of at least 3 to 1 with its background. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1c2024; --dim: #5c6670; --line: #d5dae0;
  --hit: #1a7f4b; --fallback: #b26a00; --miss: #c0392b; --all: #8ab4e8; --part: #1f5fa8; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --text: #e6e9ec; --dim: #9aa5b1; --line: #333a42;
    --hit: #3fbf7f; --fallback: #e0a030; --miss: #f0705f; --all: #4a6f9c; --part: #8fc1ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p, figure { margin: .5rem 0; } .dim, figcaption, .scale, .axis { color: var(--dim); font-size: .875rem; }
bdi, code { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .875rem; }
.numbers { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; padding: 0; list-style: none; }
.numbers strong { display: block; font-size: 1.4rem; line-height: 1.2; }
.days { display: block; width: 100%; height: 9rem; border-bottom: 1px solid var(--line); }
.axis { display: flex; justify-content: space-between; }
.legend { white-space: nowrap; margin-right: 1rem; } .legend svg { width: .75rem; height: .75rem; }
.hit { fill: var(--hit); } .fallback { fill: var(--fallback); } .miss { fill: var(--miss); }
.all { fill: var(--all); } .part { fill: var(--part); }
.bar { display: block; width: 100%; min-width: 3rem; height: .75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: middle; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: normal; font-size: .875rem; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.wide { min-width: 8rem; }
@media (max-width: 30rem) { body { padding: .75rem; } th, td { padding-right: .4rem; font-size: .8rem; } th { font-size: .75rem; } }
`;
