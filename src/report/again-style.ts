/** The look of the part that plans again: dials beside the answer, on narrow screens above it. */
export const againStyle = `
.again { display: grid; grid-template-columns: minmax(280px, 360px) minmax(0, 1fr); gap: 24px; align-items: start; margin: 16px 0; }
.dials { display: grid; gap: 14px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 18px; min-width: 0; }
.dial { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 12px; align-items: center; }
.dial[hidden] { display: none; }
.dial label { grid-column: 1 / -1; font-size: 14px; }
.dial input[type=range] { width: 100%; min-width: 0; margin: 0; accent-color: var(--safe); min-height: 28px; }
.dial select { grid-column: 1 / -1; width: 100%; }
.dial .typed { display: flex; align-items: center; gap: 6px; justify-content: flex-end; }
.dial .unit { color: var(--muted); font-size: 13px; white-space: nowrap; }
.dial input[type=number], .dial select { font: inherit; font-size: 14px; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 4px 6px; }
.dial input[type=number] { width: 84px; text-align: right; font-variant-numeric: tabular-nums; appearance: textfield; -moz-appearance: textfield; }
.dial input[type=number]::-webkit-inner-spin-button { display: none; }
.dial input[aria-invalid] { border-color: var(--leak); outline-color: var(--leak); }
button.plain { font: inherit; font-size: 14px; color: var(--ink); background: none; border: 1px solid var(--line); border-radius: 6px; padding: 6px 12px; cursor: pointer; justify-self: start; }
.outcome { min-width: 0; } .outcome .panel:first-child { margin-top: 0; }
.outcome p:last-child, .details p:last-child, .details ul:last-child { margin-bottom: 0; }
.answer .lead { font-weight: 600; }
.privacy h3 { margin: 0 0 10px; font-size: 16px; }
.against { margin: 0 0 10px; overflow-wrap: anywhere; } .against .parts { margin: 4px 0 0; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.looking { display: grid; grid-template-columns: minmax(0, 1fr) 300px; gap: 24px; align-items: start; }
.looking .scroll { margin: 0; } .looking .details { margin: 0; position: sticky; top: 16px; font-size: 14px; overflow-wrap: anywhere; }
.details h4 { margin: 0 0 4px; font-size: 16px; }
.details .reasons { margin: 0; padding-left: 18px; color: var(--muted); }
.strip { margin: 0 0 10px; } .strip img { display: block; width: 100%; max-width: 420px; height: auto; image-rendering: pixelated; border-radius: 4px; }
#again { --encode: #b8862b; --network: #4a7fc1; --tail: #9463ad; }
@media (prefers-color-scheme: dark) { #again { --encode: #e0b45c; --network: #6ea0e0; --tail: #bb8fd3; } }
#again .encode, #again .network, #again .tail { opacity: 1; }
#again .parts .encode, #again .encode .swatch { background: var(--encode); opacity: 1; }
#again .parts .network, #again .network .swatch { background: var(--network); opacity: 1; }
#again .parts .tail, #again .tail .swatch { background: var(--tail); opacity: 1; }
.cuts tr:last-child > th { border-bottom: 0; }
.cuts th, .cuts td { padding: 7px 10px; }
.cuts th.name { min-width: 110px; max-width: 200px; white-space: normal; overflow-wrap: anywhere; text-align: left; font-weight: 400; }
.cuts td.stack { width: 34%; min-width: 120px; } .cuts .parts { margin: 5px 0; }
.cuts td.verdict { min-width: 84px; } .cuts .tag + .tag { margin-top: 3px; } .cuts .tag:not(.safe, .leak) { background: var(--line); }
.cuts tr.told > * { box-shadow: inset 0 2px 0 var(--line), inset 0 -2px 0 var(--line); }
.cuts tr.chosen > th { background: var(--safe-soft); }
button.cut { font: inherit; font-weight: 600; color: var(--ink); background: none; border: 0; padding: 2px 0; text-align: left; cursor: pointer; overflow-wrap: anywhere; }
:is(button, input, select, .scroll):focus-visible { outline: 2px solid var(--safe); outline-offset: 2px; }
.parts .waiting, .legend .waiting .swatch { background: repeating-linear-gradient(45deg, var(--leak) 0 3px, transparent 3px 6px); }
.parts.cut { border-top-right-radius: 0; border-bottom-right-radius: 0; mask-image: linear-gradient(to right, #000 80%, transparent); }
@media (max-width: 900px) {
  .again, .looking { grid-template-columns: minmax(0, 1fr); }
  .looking .details { position: static; order: -1; }
}
@media (max-width: 700px) { .dials { padding: 14px; } }
@media print {
  .dial input[type=range], .dials button, .hidden { display: none; }
  .again, .looking { grid-template-columns: minmax(0, 1fr); } .dials { grid-template-columns: 1fr 1fr; }
  .parts, .parts span, .swatch, .tag { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .dials, .cuts tr, .against, .strip { break-inside: avoid; } .looking .details { position: static; }
}
`;
