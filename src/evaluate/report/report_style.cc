// The style sheet of the report. Text has a contrast of at least 4.5 to its background, lines of at least 3, in both
// themes; no series is told apart by colour alone.
#include "evaluate/report/report_sections.h"

namespace siskin {

const char kReportStyle[] = R"css(
:root {
  --page: #f7f7f4; --card: #ffffff; --ink: #1c2530; --muted: #566170; --rule: #dcdfe3; --grid: #e8eaed;
  --accent: #1f63a8; --second: #b3500f; --right: 31 99 168; --wrong: 205 92 20;
  --c2: #2b7a3d; --c3: #8a3fa0; --c4: #a62b3f; --c5: #0f7c83; --c6: #7a5c12; --c7: #5b5fc7; --c8: #b0307c; --c9: #52606d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #13171c; --card: #1b2027; --ink: #e4e8ed; --muted: #a2acb8; --rule: #333b46; --grid: #2a313a;
    --accent: #6cb0f0; --second: #f0a25c; --right: 72 140 208; --wrong: 214 110 44;
    --c2: #7cc98b; --c3: #c996dd; --c4: #f08a97; --c5: #5fc4c9; --c6: #d6b657; --c7: #a4a7f2; --c8: #ee8fc4;
    --c9: #a9b4c0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
header p { margin: 0; color: var(--muted); }
h1 { margin: 0 0 1.25rem; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
h3 { margin: 0 0 .25rem; font-size: 1rem; }
section { margin-top: 1.5rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.note, figcaption { margin: 0 0 .75rem; color: var(--muted); font-size: .9rem; max-width: 46rem; }
.warning { margin: 1rem 0 0; padding: .6rem 1rem; border-left: 4px solid var(--second); background: var(--card); }
figure { margin: 0; min-width: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 1.5rem; }
.headline { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0; }
.headline div { flex: 1 1 10.5rem; padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--rule);
  border-radius: 10px; }
.headline .first { flex-grow: 2; border-color: var(--accent); }
.headline dt { color: var(--muted); font-size: .9rem; }
.headline dd { margin: 0; color: var(--muted); font-size: .9rem; }
.headline strong { display: block; white-space: nowrap; color: var(--ink); font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.headline .first strong { color: var(--accent); font-size: 2.2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 .5rem; padding: 0; list-style: none;
  font-size: .9rem; }
.legend li { overflow-wrap: anywhere; }
.key { width: 28px; height: 10px; margin-right: .4rem; }
.chart { display: block; width: 100%; max-width: 540px; height: auto; }
.chart text { fill: var(--muted); font: 13px system-ui, "Segoe UI", Roboto, sans-serif; }
.grid { fill: none; stroke: var(--grid); }
.frame { fill: none; stroke: var(--rule); }
.border { fill: none; stroke: var(--muted); stroke-dasharray: 2 3; }
.diagonal { fill: none; stroke: var(--muted); stroke-dasharray: 2 4; }
.line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.train { stroke: var(--muted); stroke-dasharray: 5 4; stroke-width: 1.75; }
.validation, .s0 { stroke: var(--accent); }
.s1 { stroke: var(--second); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); }
.s5 { stroke: var(--c5); } .s6 { stroke: var(--c6); } .s7 { stroke: var(--c7); } .s8 { stroke: var(--c8); }
.s9 { stroke: var(--c9); }
.s1, .s6 { stroke-dasharray: 8 4; } .s2, .s7 { stroke-dasharray: 2 4; } .s3, .s8 { stroke-dasharray: 8 4 2 4; }
.s4, .s9 { stroke-dasharray: 14 4; }
.macro { stroke: var(--ink); stroke-width: 3; }
.mark circle { fill: var(--card); stroke: var(--second); stroke-width: 2.5; }
.bin circle { fill: var(--accent); stroke: var(--card); stroke-width: 1; }
.bin path { fill: none; stroke: var(--accent); stroke-width: 2; }
.scroll { overflow-x: auto; max-width: 100%; margin-bottom: .5rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 .4rem; color: var(--muted); text-align: left; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; }
td { white-space: nowrap; }
th { font-weight: 600; }
thead th { color: var(--muted); font-weight: 500; }
tbody th, thead th:first-child { text-align: left; }
.pair table { width: 100%; }
.pair td { overflow-wrap: anywhere; text-align: left; white-space: normal; }
.pair thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.pair tbody th { width: 40%; color: var(--muted); font-weight: 500; vertical-align: top; }
.matrix td, .matrix th { padding: .45rem .6rem; border: 1px solid var(--rule); }
.matrix td { min-width: 2.9rem; text-align: center; }
.matrix .zero { color: var(--muted); }
.matrix thead th { text-align: center; }
.rotated thead th { height: 7rem; vertical-align: bottom; }
.rotated thead span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 12rem; overflow: hidden; }
.right { background: rgb(var(--right) / var(--heat)); }
.wrong { background: rgb(var(--wrong) / var(--heat)); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 1.25rem 1rem; margin: 0;
  padding: 0; list-style: none; }
.mistakes img, .missing { display: block; width: 100%; aspect-ratio: 1; margin-bottom: .4rem; background: var(--grid);
  border-radius: 6px; object-fit: contain; }
.missing { display: grid; place-items: center; color: var(--muted); font-size: .85rem; }
.mistakes figcaption { margin: 0; font-size: .82rem; line-height: 1.35; overflow-wrap: anywhere; }
.mistakes b { color: var(--ink); }
.path { display: block; overflow-wrap: anywhere; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .78rem; }
details { margin-top: .75rem; }
summary { cursor: pointer; color: var(--accent); }
pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; background: var(--page); border-radius: 6px; font: .88rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
@media (max-width: 480px) {
  .headline .first { flex-basis: 100%; }
  main { padding: 1.25rem .75rem 3rem; }
  section { padding: 1rem .8rem; }
  .mistakes { grid-template-columns: repeat(2, 1fr); }
  th, td { padding: .3rem .45rem; }
}
@media print {
  :root { --page: #ffffff; }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  section { border: 0; padding: 0; }
  figure, tr, .headline div, .mistakes li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  pre { border: 1px solid var(--rule); white-space: pre-wrap; overflow-wrap: anywhere; }
}
)css";

}  // namespace siskin
