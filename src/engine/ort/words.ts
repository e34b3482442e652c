/** What onnxruntime says of a graph, in our words: which node, and why where that is told. Its own speak of its insides. */

/** Where a node is named, with its operator; the name is missing of nodes that have none. */
const nodes: readonly RegExp[] = [
  /running (?<op>\S+) node\. Name:'(?<node>[^']*)'/,
  /Node \((?<node>[^)]*)\) Op \((?<op>\w+)\)/,
  /In Node, \("(?<node>[^"]*)", (?<op>[^,]+),/,
  /of Optype \((?<op>\w+)\) bound .*in node \((?<node>[^)]*)\)/s,
  /of operator \((?<op>\w+)\) in node \((?<node>[^)]*)\)/,
  /of node ?\((?<node>[^)]*)\)/i,
  /implementation for (?<op>\w+)\(\d+\) node with name '(?<node>[^']*)'/,
];

/** Reasons that a user can do something about. */
const reasons: readonly (readonly [RegExp, (parts: readonly string[]) => string])[] = [
  [/No Op registered for (\S+) with domain_version of (-?\d+)/, ([, op, v]) => `opset ${v} has no operator ${op}`],
  [/has (input|output) size (\d+) not in range/, ([, what, n]) => `it cannot have ${n} ${what}s`],
  [/Unrecognized attribute: ([^\n]*?) for operator/, ([, name]) => `it has no attribute ${name}`],
  [/Required attribute '([^']+)' is missing/, ([, name]) => `attribute ${name} is missing`],
  [/data field mismatch in attribute ([^\n]+?)\.?$/m, ([, name]) => `attribute ${name} has a value of another type`],
  [/Mismatched attribute type in '[^']* : ([^']+)'/, ([, name]) => `attribute ${name} has a value of another type`],
  [/Attribute (\w+) has incorrect size/, ([, name]) => `attribute ${name} has the wrong length`],
  [
    /Type 'tensor\((\w+)\)' of input parameter \(([^)]*)\)/,
    ([, type, name]) => `it takes no ${type}, which ${name} is`,
  ],
  [/bound to different types/, () => 'its inputs are of different types'],
  [/NOT_IMPLEMENTED|Could not find an implementation/, () => 'it is not implemented for these types'],
  [
    /ncompatible dimensions|broadcast an axis|InferenceError|[Ss]hape|dimension/,
    () => 'the shapes or types do not fit',
  ],
  [/indices element out of data bounds|out of (range|bounds)/, () => 'an index lies outside'],
  [/[Ff]ailed to allocate|bad_alloc|bad allocation/, () => 'memory cannot be allocated for it'],
  [/[Pp]rotobuf|parsing failed|ModelProto/, () => 'it is no ONNX model'],
];

/** What only onnxruntime's own messages have in them; `complaint.ts` has said the others in our words. */
const itsOwn =
  /ONNXRuntimeError|onnxruntime|Status Message|Non-zero status|[Pp]rotobuf|::|InferenceError|Type Error:|Exception during|tensor\(\w+\)|\.cc\b|\.h:|std::/;

/** @param said by onnxruntime */
export function plainWords(said: string): string {
  if (!itsOwn.test(said)) return said;
  // Where in its source something happened, with the types of its functions, is no reason.
  const text = said.replaceAll(/\/?onnxruntime_src\/[^\n]*?\) ?(?:const )?|\w*Allocator\w*/g, '');
  const found = nodes.map((pattern) => pattern.exec(text)?.groups).find((groups) => groups !== undefined);
  const reason = reasons.flatMap(([pattern, say]) => {
    const parts = pattern.exec(text);
    return parts ? [say(parts)] : [];
  })[0];
  if (!found) return reason ?? 'it does not take a tensor, a name or a value in it';
  const label = found.node && found.op ? `${found.node} (${found.op})` : found.node || found.op || 'without a name';
  return `node ${label}: ${reason ?? 'it does not take what it is given'}`;
}
