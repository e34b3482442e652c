/** What onnxruntime complains of, in a sentence: the node first, then what is wrong with it. Its own words name source files. */
import type { Complaint } from '../remote/failure.ts';

/** A pattern of onnxruntime's, and the sentence for its groups. The first that fits counts. */
type Wording = readonly [pattern: RegExp, sentence: (...groups: readonly string[]) => string];

/** Nodes without a name are called after what they make, as far as that is told. */
const node = (name: string, op: string, output = ''): string =>
  name || output ? `node ${name || output} (${op})` : `a node without a name (${op})`;

const wordings: readonly Wording[] = [
  [
    /^Node \((.*?)\) Op \((\w+)\) \[\w+\] (.*)$/,
    (name, op, reason) => `${node(name!, op!)} does not fit what it reads: ${plain(reason!)}`,
  ],
  [
    /^Node \((.*?)\) Op \((\w+)\) output arg \((.*?)\) type inference failed/,
    (name, op, output) => `${node(name!, op!, output)} makes ${output} of a type that nothing says`,
  ],
  [
    /In Node, \("(.*?)", (\w+), ".*?", -?\d+\) : \(.*?\) -> \((?:"(.*?)")?.*?\) ?, Error (.*)$/,
    (name, op, output, reason) => `${node(name!, op!, output)}: ${plain(reason!)}`,
  ],
  [
    /^Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: (.*)$/,
    (op, name, reason) => `${node(name!, op!)}: ${plain(reason!)}`,
  ],
  [
    /Could not find an implementation for (\w+)\(\d+\) node with name '(.*?)'/,
    (op, name) => `${node(name!, op!)}: the engine has no such operator for these types`,
  ],
  [
    /Type parameter \(\w+\) of Optype \((\w+)\) bound to different types \(tensor\((\w+)\)+ and tensor\((\w+)\)+ in node \((.*?)\)/,
    (op, a, b, name) => `${node(name!, op!)} reads ${a} and ${b}, where both must be of one type`,
  ],
  [
    /Type '(.*?)' of input parameter \((.*?)\) of operator \((\w+)\) in node \((.*?)\) is invalid/,
    (type, input, op, name) => `${node(name!, op!)} does not take ${input}, which is ${type}`,
  ],
  [/Fatal error: (?:.*:)?(\w+)\(-?\d+\) is not a registered/, (op) => `there is no operator ${op}`],
  [/Duplicate definition(?:-site for| of name) \((.*?)\)/, (name) => `${name} is defined twice`],
  [
    /Type \((\S+?)\)+ of output arg \((.*?)\) of node \((.*?)\) does not match expected type \((\S+?)\)+\.?$/,
    (declared, output, name, made) =>
      `output ${output} of node ${name || output} is declared ${declared}, and its operator makes ${made}`,
  ],
  [
    /Data in initializer '(.*?)' has element type (\S+) but usage of initializer in graph expects (\S+)/,
    (weight, is, declared) => `weight ${weight} is ${is}, and declared ${declared}`,
  ],
  [
    /Shape of initializer (.*?) does not match\. \{(.*?)\} != \{(.*?)\}/,
    (weight, is, declared) => `weight ${weight} is [${is}], and declared [${declared}]`,
  ],
  [/the graph is not acyclic/, () => 'its nodes go in a circle'],
  [
    /Got invalid dimensions for input: (.*?) for/,
    (input) => `input ${input} has another shape than the graph declares`,
  ],
  [
    /Invalid rank for input: (.*?) Got: (\d+) Expected: (\d+)/,
    (input, got, want) => `input ${input} has ${got} dimensions, not ${want}`,
  ],
  [
    /Initializer '(.*?)': raw_data|Deserialize tensor (.*?) failed/,
    (a, b) => `weight ${a || b} has not as many bytes as its shape needs`,
  ],
  [/Missing Input: (.*)$/, (input) => `input ${input} is missing`],
  [
    /Non tensor type is temporarily not supported|Unsupported data type/,
    () => 'it would have to hand over what is no plain tensor',
  ],
  [/(?:Protobuf|ModelProto|protobuf) .*?(?:failed|corrupted)|model data is too short/i, () => 'it is no ONNX model'],
  // What else there is: the node at least.
  [/(?:of node|in node) ?\((.+?)\)/i, (name) => `node ${name}: it does not take what it is given`],
];

/** Said of a buffer, or by the C++ library; a name in quotation marks may say anything. */
const lackOfMemory =
  /Failed to allocate memory for requested buffer of size \d+$|(?:^|Status Message: |\) )(?:std::)?bad_alloc$/;

/** @param message of an error that onnxruntime, or the code around it, threw */
export function complaint(message: string): Complaint {
  const text = message.replaceAll(/\s+/g, ' ').trim();
  return { problem: inWords(text), lacksMemory: lackOfMemory.test(text) };
}

function inWords(text: string): string {
  for (const [pattern, sentence] of wordings) {
    const groups = pattern.exec(text);
    if (groups) return withPlainTypes(sentence(...groups.slice(1).map((g) => g ?? '')));
  }
  return withPlainTypes(plain(text));
}

/** `tensor(int64)` is int64 to us. */
const withPlainTypes = (text: string): string => text.replaceAll(/(?:optional\()?tensor\((\w+)\)?/g, '$1');

/** Longer ones list types that nobody reads. */
const longest = 300;

/** Without source files, signatures of functions and the conditions that did not hold. */
function plain(reason: string): string {
  const inBody = /^Graph attribute inferencing failed: (.*)$/.exec(reason);
  if (inBody) return `in its body, ${inWords(inBody[1]!)}`;
  const known: readonly (readonly [RegExp, string])[] = [
    [/Missing Input: (.*)$/, 'input $1 is missing'],
    [/No Op registered for (\w+) with domain_version of (\d+)/, 'there is no operator $1 in opset $2'],
    [/No opset import for domain '(.*?)'/, 'the file does not say which version of domain $1 it wants'],
    [/has (input|output) size (\d+) not in range \[min=(\d+), max=(\d+)\]/, 'it has $2 $1s, not $3 to $4'],
    [/Required attribute '(.*?)' is missing/, 'attribute $1 is missing'],
    [/Unrecognized attribute: (\S+) for operator/, 'it has no attribute $1'],
    [/type field and data field mismatch in attribute (\S+?)\.?$/, 'attribute $1 is of another type than it says'],
    [/Mismatched attribute type in '.* : (.*?)'/, 'attribute $1 is of another type than the operator takes'],
    [/Attribute '?(\w+)'? has incorrect size/, 'attribute $1 has the wrong length'],
    [/Failed to allocate memory for requested buffer of size (\d+)/, '$1 bytes of memory cannot be had for it'],
    [/bad_alloc$/, 'there is no memory left for it'],
    [/storage size overflowed|Integer overflow/, 'it would make more than any memory holds'],
  ];
  for (const [pattern, words] of known) {
    const found = pattern.exec(reason);
    if (found)
      return found[0]
        .replace(pattern, words)
        .replaceAll(/ to 2147483647/g, ' or more')
        .replace(/not (\d+) to \1$/, 'not $1');
  }
  const short = reason
    .replace(/^.* was false\. ?/, '')
    .replace(
      /^(?:Exception during initialization: )?(?:\S*\/)?[\w.]+\.(?:cc|h|cu):\d+ (?:.*\) (?:const )?(?:\[.*?\] )?|\w+ )?/,
      '',
    )
    .replace(/^(?:This is an invalid model\. )?(?:Type )?Error:? /, '')
    .replace(/[.\s]+$/, '');
  return isInternal(short) || short === '' ? 'the engine gives no reason that would help' : short.slice(0, longest);
}

const isInternal = (text: string): boolean =>
  /onnxruntime|\w::\w|\.(cc|h):\d|Status Message|Non-zero status|Optype|InferenceError|Type Error|Exception during|protobuf/i.test(
    text,
  );
