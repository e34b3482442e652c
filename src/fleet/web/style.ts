/** The look of the dashboard beside that of reports: a wide table whose rows are cards on narrow screens, and old figures that look old. */
export const fleetStyle = `
main.fleet { max-width: 1400px; padding-top: 32px; }
main.login { max-width: 460px; }
[hidden] { display: none !important; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.fleet header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 4px 24px; margin-bottom: 20px; }
.fleet h1 { margin: 0; font-size: clamp(26px, 4vw, 36px); }
.fleet h2 { margin: 36px 0 10px; }
.counts { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; padding: 0; color: var(--muted); }
.counts strong { color: var(--ink); font-size: 20px; font-variant-numeric: tabular-nums; }
.counts .online strong { color: var(--safe); } .counts :is(.silent, .offline):not(.none) strong { color: var(--leak); }
.notice { max-width: none; margin: 0 0 8px; padding: 10px 14px; border-radius: 8px; border: 1px solid var(--line); font-size: 14px; color: var(--ink); background: var(--panel); }
.notice.leak { background: var(--leak-soft); border-color: var(--leak); }
.notice a { color: inherit; font-weight: 600; }
.sieve { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; font-size: 14px; }
.sieve input[type=search], .login input { font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; min-width: 0; }
.sieve .check { display: flex; align-items: center; gap: 8px; margin-left: 8px; min-height: 32px; } .sieve .check input { width: 18px; height: 18px; accent-color: var(--safe); margin: 0; }
.login form { display: grid; gap: 10px; } .login label { font-weight: 600; } .login .note { margin: 0; } .login input[aria-invalid] { border-color: var(--leak); }
button.plain { font: inherit; font-size: 14px; color: var(--ink); background: none; border: 1px solid var(--line); border-radius: 6px; padding: 8px 14px; cursor: pointer; justify-self: start; }
button.unfold { font: inherit; font-weight: 600; color: var(--ink); background: none; border: 0; padding: 4px 0; text-align: left; cursor: pointer; overflow-wrap: anywhere; }
button.unfold::before { content: ""; display: inline-block; width: 8px; height: 10px; margin-right: 8px; background: var(--muted); clip-path: polygon(0 0, 100% 50%, 0 100%); } button.unfold[aria-expanded=true]::before { transform: rotate(90deg); }
:is(button, input, a, summary):focus-visible { outline: 2px solid var(--safe); outline-offset: 2px; }
.fleet-table tr:last-child > th { border-bottom: 0; }
.fleet-table th, .fleet-table td { padding: 8px 12px; }
.fleet-table th.name { white-space: normal; overflow-wrap: anywhere; min-width: 150px; max-width: 260px; color: var(--ink); font-size: 14px; }
.fleet-table td { overflow-wrap: anywhere; min-width: 76px; font-variant-numeric: tabular-nums; }
.fleet-table .value { white-space: nowrap; }
.state { display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: baseline; font-weight: 400; }
.tag.plain { background: var(--line); }
.bad .value, .bad .sub { color: var(--leak); }
tr.stale { background: repeating-linear-gradient(135deg, transparent 0 9px, color-mix(in srgb, var(--line) 35%, transparent) 9px 10px); }
tr.stale :is(.value, .sub, dd), .old .fleet-table :is(.value, .sub) { color: var(--muted); font-style: italic; }
tr.stale .age { color: var(--leak); font-style: normal; font-weight: 600; }
.old .fleet-table, .old .counts { opacity: 0.75; }
tr.more > td { background: color-mix(in srgb, var(--page) 60%, transparent); padding: 4px 16px 14px; }
tr.more h3 { margin: 0 0 4px; font-size: 14px; } tr.more .note { margin: 0; }
.failures { margin: 0; padding-left: 18px; font-size: 14px; }
.plans { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 14px; align-items: start; }
.plans .panel { margin: 0; min-width: 0; } .plan h3 { margin: 0 0 2px; font-size: 17px; overflow-wrap: anywhere; } .plan p { margin: 0 0 8px; }
.plan p:last-child { margin-bottom: 0; }
.observer { border-top: 1px solid var(--line); padding-top: 10px; margin-top: 10px; }
.leak-scale { position: relative; height: 14px; border-radius: 7px; background: var(--line); margin: 2px 0 10px; overflow: hidden; }
.leak-scale span { position: absolute; top: 0; bottom: 0; }
.leak-scale .band { background: var(--safe); opacity: 0.55; min-width: 2px; } .leak-scale .band.over { background: var(--leak); }
.leak-scale .mean { width: 3px; margin-left: -1.5px; background: var(--ink); }
.leak-scale .floor { width: 0; border-left: 2px dotted var(--ink); } .leak-scale .allowed { width: 2px; background: var(--leak); }
meter { width: 100%; max-width: 120px; height: 14px; display: block; }
footer { margin-top: 40px; }
@media (max-width: 1000px) {
  .fleet-table, .fleet-table tbody { display: block; }
  .fleet-table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .fleet-table tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 8px 12px; padding: 12px 14px; border-bottom: 1px solid var(--line); }
  .fleet-table :is(th, td) { display: block; padding: 0; border: 0; min-width: 0; }
  .fleet-table th.name { grid-column: 1 / -1; max-width: none; }
  .fleet-table td[data-label]::before { content: attr(data-label); display: block; color: var(--muted); font-size: 12.5px; }
  .fleet-table tr.more { display: block; padding: 0; }
}
@media print { footer, .sieve { display: none; } .fleet-table tr, .plan { break-inside: avoid; } .leak-scale span, .tag, button.unfold::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
