/** What pages of ours look like: one column of reading width, wide figures, light and dark from the reader's system. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #f7f6f2; --panel: #ffffff; --ink: #1d1d1b; --muted: #6a6862; --line: #dedbd2;
  --safe: #17795e; --leak: #b3402a; --safe-soft: #e3f1ec; --leak-soft: #f8e7e2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131312; --panel: #1c1c1a; --ink: #ecebe6; --muted: #a09e97; --line: #353430;
    --safe: #5fc7a5; --leak: #f0907a; --safe-soft: #17322a; --leak-soft: #3a201a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 1060px; margin: 0 auto; padding: 48px 24px 80px; }
header { margin-bottom: 32px; }
.eyebrow { color: var(--muted); font-size: 14px; margin: 0 0 6px; overflow-wrap: anywhere; }
h1 { font-size: clamp(28px, 5vw, 42px); line-height: 1.15; letter-spacing: -0.02em; font-weight: 650; margin: 0 0 14px; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 21px; letter-spacing: -0.01em; font-weight: 650; margin: 56px 0 10px; }
p { max-width: 68ch; margin: 0 0 12px; overflow-wrap: anywhere; }
.lead { font-size: 18px; }
.legend + .note { margin: 12px 0 0; }
.note, figcaption { color: var(--muted); font-size: 14px; }
code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.stats { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 28px 0 0; padding: 0; list-style: none; }
.stats li { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.stats .name { color: var(--muted); font-size: 13.5px; display: block; }
.stats .value { font-size: 30px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; line-height: 1.3; display: block; }
.stats .value small { font-size: 16px; font-weight: 500; color: var(--muted); letter-spacing: 0; }
.stats .why { font-size: 13.5px; color: var(--muted); display: block; }
.safe { color: var(--safe); } .leak { color: var(--leak); }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 18px; margin: 16px 0; }
.chart svg { display: block; width: 100%; height: auto; }
.chart.narrow { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 20px; padding: 0; margin: 10px 0 0; font-size: 13.5px; color: var(--muted); }
.legend li { display: flex; align-items: center; gap: 8px; }
.mark { width: 10px; height: 10px; border-radius: 50%; background: currentColor; flex: none; }
.mark.chosen { width: 15px; height: 15px; background: var(--safe); border: 2px solid var(--ink); }
.mark.diamond { transform: rotate(45deg) scale(.8); border-radius: 1px; background: var(--muted); }
.bar { width: 2px; height: 15px; background: var(--muted); margin: 0 4px; }
.sheet { background: #fff; border-radius: 10px; border: 1px solid var(--line); overflow-x: auto; margin: 16px 0 8px; }
.sheet img { display: block; min-width: 760px; width: 100%; height: auto; }
figure { margin: 0; }
.scroll { overflow-x: auto; margin: 16px 0; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 9px 14px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child > td { border-bottom: 0; }
th { font-weight: 600; color: var(--muted); white-space: nowrap; font-size: 13px; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.name { min-width: 130px; max-width: 280px; overflow-wrap: anywhere; }
td.reasons { min-width: 260px; color: var(--muted); }
td.reasons ul { margin: 0; padding: 0; list-style: none; }
td.reasons li + li { margin-top: 4px; }
tr.chosen > td { background: var(--safe-soft); }
.tag { display: inline-block; border-radius: 99px; padding: 1px 9px; font-size: 12.5px; font-weight: 600; white-space: nowrap; }
.tag.safe { background: var(--safe-soft); } .tag.leak { background: var(--leak-soft); }
.sub { display: block; color: var(--muted); font-size: 13px; }
details { margin: 16px 0; }
summary { cursor: pointer; color: var(--muted); font-size: 14px; }
summary:hover { color: var(--ink); }
.parts { display: flex; height: 14px; border-radius: 7px; overflow: hidden; gap: 2px; margin: 14px 0 10px; }
.parts span { min-width: 2px; background: var(--safe); }
.parts .encode { opacity: 0.7; } .parts .network { opacity: 0.45; } .parts .tail { opacity: 0.25; }
.legend .swatch { width: 12px; height: 12px; border-radius: 3px; background: var(--safe); }
.legend .encode .swatch { opacity: 0.7; } .legend .network .swatch { opacity: 0.45; } .legend .tail .swatch { opacity: 0.25; }
dl { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 8px 24px; font-size: 14px; margin: 16px 0; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 700px) {
  main { padding: 28px 16px 56px; }
  h2 { margin-top: 44px; }
  .chart.wide { display: none; } .chart.narrow { display: block; }
  .panel { padding: 14px 10px; }
  .stats { grid-template-columns: 1fr 1fr; gap: 8px; }
  .stats li { padding: 12px 14px; }
  .stats .value { font-size: 24px; }
  dl { grid-template-columns: 1fr; gap: 2px; } dd { margin-bottom: 10px; }
}
@media print { main { max-width: none; padding: 0; } .panel, .scroll, .stats li { break-inside: avoid; } }
`;
