/** A cell of the zoo's audit: one network, one cut, one attack. Names sort by depth of the cut. */
export function cellName(model, cut, attack) {
  return `${model.cuts.indexOf(cut)}-${cut.replace(/[^A-Za-z0-9.+]+/g, '_').slice(-60)}-${attack}`;
}
