/** The page of `cutline --help`. A test holds it against what the commands say of themselves. */

/** Commands by what they are for, in the order of the work. */
const groups: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ['See it work', [['demo', 'Show the whole idea here: profile, attack, plan, and run the plan as three processes']]],
  [
    'Choose a cut',
    [
      ['inspect <model>', 'List the places where a model can be cut, with what each sends and computes'],
      ['audit <model>', 'Attack the cuts of a model on real pictures and measure what leaks'],
      ['harden <model>', 'Put a learned code in at a cut, that keeps the answer and loses the picture'],
      ['profile [model]', 'Measure this machine: its operators, power, the link to a broker, and a model at every cut'],
      ['plan <model>', 'Choose cut, defense and codec: the cheapest whose measured leakage is below your threshold'],
      [
        'plan verify <plan>',
        'Hold a plan against its files, its audit, its model, and the protocol that a device demands',
      ],
      ['plan sign <plan>', 'Sign a plan, so that agents and consumers that trust the key run it'],
      ['plan diff <before> <after>', 'Say in words what changed from one plan to another'],
      ['plan push [plan]', 'Give a signed plan to devices, which fetch, try and confirm it, or go back by themselves'],
      ['plan status', 'Say which plan each device of a fleet runs, and what became of the last one pushed'],
      ['keys', 'Make keys: a pair that signs plans and verifies them, or one that seals the messages of a device'],
      ['split <model>', 'Write the two halves of a model: head.onnx for the device, tail.onnx for the cloud'],
    ],
  ],
  [
    'Run it',
    [
      ['agent', 'Run the head on this device and send defended activations to the cloud'],
      ['consumer', 'Run the tail in the cloud and answer the activations of a fleet'],
      ['broker', 'Run a small MQTT broker (3.1.1, in memory), on this machine only unless told otherwise'],
      ['broker account', 'Make an account with a password of its own, and the rights of its role'],
      ['broker config', 'Write accounts and their rights as another broker takes them'],
      ['dashboard', 'Show a fleet as a live page: devices, plans and their evidence, latency, power, failures'],
      ['bundle', 'Pack an agent for a device: Node, programs, plan, head, service and installer in one file'],
      ['config', 'Configurations of agents, consumers and dashboards: see config check and config schema'],
      ['config check <file>', 'Open everything that a configuration names, as a start does, and connect to nothing'],
      ['config schema <of>', 'Print the JSON Schema of the configuration of an agent, a consumer or a dashboard'],
      ['routes', 'Moves of an agent between the routes of its plan: see routes replay'],
      [
        'routes replay <log>',
        'Decide the moves of a recording again, on what the agent saw then, and say whether they are the same',
      ],
    ],
  ],
  [
    'Models and data',
    [
      ['gradient <model>', 'Write the vector–Jacobian product of a head as an ONNX graph'],
      [
        'train <network>',
        'Train a reference network, or a generator of pictures (autoencoder), and write it with its card',
      ],
      ['data <action>', 'Public data sets'],
    ],
  ],
];

const columns = 100;

export function helpPage(): string {
  const width = Math.max(...groups.flatMap(([, list]) => list.map(([usage]) => usage.length))) + 'cutline '.length + 4;
  const lines = groups.flatMap(([title, list]) => [
    `${title}:`,
    ...list.flatMap(([usage, about]) => {
      const [first = '', ...rest] = wrapped(about, columns - width);
      return [`  cutline ${usage}`.padEnd(width) + first, ...rest.map((line) => ' '.repeat(width) + line)];
    }),
    '',
  ]);
  return [
    'cutline <command> [options]',
    '',
    'Split inference that is safe to deploy: measure what leaks at every cut, then choose one.',
    '',
    ...lines,
    'cutline <command> --help says more about one. cutline completion prints a script for bash or zsh.',
    '',
    'Options:',
    '  --json     Print one JSON document on stdout and nothing else',
    '  --version  Show version number',
    '',
    'Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 no feasible plan.',
    '',
  ].join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
