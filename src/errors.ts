/**
 * The catalogue of errors. Each says what was wrong, where, and what to do about it.
 * `docs/errors.md` is written from this file.
 */

/** Exit codes of the command: 1 failed, 2 usage or bad input, 3 no feasible plan. */
export type ExitCode = 1 | 2 | 3;

interface Entry {
  readonly exit: ExitCode;
  /** Text with `{name}` placeholders. */
  readonly text: string;
}

const catalogue = {
  // --- usage, files -------------------------------------------------------------------------------------------------
  USAGE: { exit: 2, text: '{problem}' },
  FILE_NOT_FOUND: { exit: 2, text: '{path}: no such file or folder. Check the path.' },
  LINK_BROKEN: { exit: 2, text: '{path}: a link to {target}, which leads {where}. Mend the link or take it away.' },
  FILE_UNREADABLE: { exit: 2, text: '{path}: cannot read ({problem}).' },
  FILE_TOO_LARGE: { exit: 2, text: '{path}: {bytes} bytes, more than the {limit} that are read.' },
  OUTPUT_NOT_WRITABLE: { exit: 1, text: '{path}: cannot write ({problem}). Free some space or choose another place.' },
  CANCELLED: { exit: 1, text: 'Cancelled.' },
  // --- engine -------------------------------------------------------------------------------------------------------
  ENGINE_LOAD: { exit: 2, text: 'The engine refused the graph: {problem}' },
  ENGINE_RUN: { exit: 1, text: 'The engine failed while running: {problem}' },
  ENGINE_MEMORY: {
    exit: 1,
    text: 'The engine has not the memory: {problem}. Close other programs, or ask for less at a time.',
  },
  ENGINE_CRASHED: { exit: 1, text: 'The engine process ended unexpectedly ({problem}). Load the model again.' },
  ENGINE_MISSING: {
    exit: 2,
    text: 'The tfjs engine needs the npm package {package}, which cannot be loaded ({problem}). Run npm install {package} beside cutline, with install scripts allowed, since its script fetches libtensorflow. It does not work on Node 23 or newer (this is {node}): use --engine onnxruntime there.',
  },
  ENGINE_CLOSED: { exit: 1, text: 'The engine or session is closed.' },
  // --- model --------------------------------------------------------------------------------------------------------
  MODEL_INVALID: {
    exit: 2,
    text: '{path}: not a usable ONNX model: {problem}. Export it again or check the download.',
  },
  MODEL_VERSION: { exit: 2, text: '{path}: {what} {found} is not supported; {supported} are. Export the model again.' },
  MODEL_TOO_LARGE: {
    exit: 2,
    text: '{path}: {bytes} bytes of model; more than 2 GB cannot be held in one ONNX file. Use a smaller or a quantised model.',
  },
  MODEL_MEMORY: {
    exit: 2,
    text: 'Running the model takes {bytes} bytes at {what}, more than the {limit} that are given to it. Check the sizes it asks for there (pads, repeats, extents), or bind smaller inputs with --shape.',
  },
  MODEL_EXTERNAL_DATA: { exit: 2, text: '{path}: weights of tensor {tensor} in file {location}: {problem}' },
  MODEL_DTYPE: { exit: 2, text: '{path}: tensor {tensor} has element type {dtype}, which cutline does not read.' },
  MODEL_OPERATOR_DOMAIN: {
    exit: 2,
    text: '{path}: node {node} uses operator {op} of domain {domain}, which onnxruntime does not know. Export without custom operators.',
  },
  TFJS_INVALID: {
    exit: 2,
    text: '{path}: not a usable TensorFlow.js model: {problem}. Convert it again or check the download.',
  },
  TFJS_UNSUPPORTED: {
    exit: 2,
    text: '{path}: {kind} {name} ({type}) cannot be imported: {problem}. Export the model as ONNX instead, or without it.',
  },
  SHAPE_UNBOUND: { exit: 2, text: 'Dimension {dim} of input {input} is not fixed. Pass --shape {example}.' },
  SHAPE_CONFLICT: { exit: 2, text: 'Shape {given} for input {input} does not fit [{declared}]: {problem}.' },
  SHAPE_INPUT_UNKNOWN: { exit: 2, text: 'The model has no input {input}. Its inputs: {inputs}.' },
  SHAPE_UNKNOWN: {
    exit: 2,
    text: 'The shape of tensor {tensor} is not known before the model runs: it depends on what the model sees. Choose another cut.',
  },
  INPUT_UNKNOWN: { exit: 2, text: '--input {input}: the model has no such input. Its inputs: {inputs}.' },
  INPUT_FILE: {
    exit: 2,
    text: '--input {input}={path}: {problem}. Give a number, a .npy file or a tensor of ONNX (.pb).',
  },
  INPUT_DTYPE: { exit: 2, text: '--input {input}: {problem}.' },
  INPUT_SHAPE: { exit: 2, text: '--input {input}: it takes [{declared}]: {problem}.' },
  INPUT_RANGE: { exit: 2, text: '--input {input}: {problem}.' },
  INPUT_REFUSED: {
    exit: 2,
    text: 'With {inputs} fixed like this the model does not run: {node} refuses what it is given. Check the values and shapes.',
  },
  BATCH_IMPOSSIBLE: {
    exit: 2,
    text: 'The model cannot be given batch {batch}: {problem}. Export it with a dynamic batch.',
  },
  CUT_NOT_FOUND: { exit: 2, text: 'The model has no cut {cut}. Near ones: {near}. See cutline inspect.' },
  CUT_UNSENDABLE: {
    exit: 2,
    text: 'Cut {cut}: tensor {tensor} is {type}, which cannot be handed from one half to the other. Choose another cut.',
  },
  CUT_INVALID: { exit: 2, text: 'Tensors {cut} do not cut the model: {problem}.' },
  // --- autodiff -----------------------------------------------------------------------------------------------------
  NO_GRADIENT_RULE: {
    exit: 2,
    text: 'Node {node}: operator {op} has no gradient here, and what is computed exactly ends there. White-box attacks go round Round, Floor, Ceil, Sign and casts; where they cannot pass, inverse-network and shadow need no gradient and still work: ask for them with --attack, or choose a cut before the node.',
  },
  GRADIENT_REFUSED: {
    exit: 1,
    text: 'Node {node}: the gradient of operator {op} cannot be computed: {problem}. The model is not at fault: please report it. inverse-network and shadow need no gradients and still work: ask for them with --attack, or choose a cut before the node.',
  },
  // --- data ---------------------------------------------------------------------------------------------------------
  DATA_SPEC: {
    exit: 2,
    text: '{spec}: {problem}. Give a folder of images, fashion-mnist, mnist:DIR or cifar-10:DIR.',
  },
  DATA_NOT_FOUND: { exit: 2, text: '{name} is not on this machine. {advice}' },
  DATA_MALFORMED: { exit: 2, text: '{path}: {problem}' },
  DATA_EMPTY: { exit: 2, text: '{path}: holds no pictures.' },
  DATA_TOO_FEW: {
    exit: 2,
    text: '{name}: {wanted} pictures are needed, and the {split} split has {found}. Ask for fewer or bring more.',
  },
  CODE_CUT: {
    exit: 2,
    text: 'Cut {cut} cannot carry a code: {problem}. Choose another cut; cutline inspect lists them.',
  },
  RESUME_OTHER: {
    exit: 2,
    text: '{path}: the training cannot go on from it: {problem}. Use the settings that it was begun with, or leave --resume out to begin anew.',
  },
  UTILITY_FLOOR: {
    exit: 3,
    text: 'Of the {kind}, {found} is left, less than the {wanted} asked for. The best there is stands in {path}, for which nothing is claimed. Allow more bits or more epochs, weigh the adversary less, or choose a later cut.',
  },
  CODE_RATE: {
    exit: 2,
    text: '--bits {bits} at cut {cut}: {problem}. Choose another number of bits, of levels, or another cut.',
  },
  MEMORY_BUDGET: {
    exit: 2,
    text: 'One picture takes {needed} GB with its gradients, and there are {budget} GB for it. Allow more with --memory-gb, or take another attack.',
  },
  DATA_UNLABELLED: {
    exit: 2,
    text: '{name}: {kind} pictures have no labels, and a shadow model learns from labels. Put pictures into a folder per label, or choose another attack.',
  },
  NOT_AN_IMAGE: {
    exit: 2,
    text: '{path}: not a picture ({problem}). JPEG, PNG, WebP, GIF, TIFF and AVIF are read.',
  },
  IMAGE_TOO_LARGE: {
    exit: 2,
    text: '{path}: {width}×{height} pixels, more than the {limit} that are unpacked. Scale it down first.',
  },
  IMAGE_VALUES: {
    exit: 2,
    text: '{path}: {problem}, so it is not known which value is black and which white. Convert it to 8 bits a channel, or to floats from 0 to 1.',
  },
  IMAGE_CHANNELS: { exit: 2, text: '{path}: {found} channels, the network takes {wanted}. Convert it first.' },
  CARD_INVALID: { exit: 2, text: '{path}: {problem}' },
  CARD_OTHER_MODEL: {
    exit: 2,
    text: '{path}: it tells of a hardened network of digest {wanted}, and {model} has {found}. Put the files of one cutline harden together, or run it again.',
  },
  PREPROCESSING_UNKNOWN: {
    exit: 2,
    text: 'How pictures become the input of {model} is not known: {problem}. Write {card} or give --size, --mean and --std.',
  },
  FETCH_FAILED: {
    exit: 1,
    text: '{url}: {problem}. Check the connection, or download it elsewhere and give its folder.',
  },
  FETCH_CHECKSUM: {
    exit: 1,
    text: '{url}: the download has {algorithm} {found}, expected {expected}. It was thrown away.',
  },
  DATA_UNFIT: { exit: 2, text: '{data} holds pictures of {has}; this needs {wants}.' },
  // --- privacy ------------------------------------------------------------------------------------------------------
  DEFENSE_SPEC: {
    exit: 2,
    text: 'Defense {spec}: at character {at}, expected {expected}. Stages are joined by +, as in clip(l2=4)+gauss(sd=0.5).',
  },
  DEFENSE_TARGET: {
    exit: 2,
    text: 'No noise meets {spec}: {problem}. Allow more, or give the width of the noise.',
  },
  DEFENSE_DTYPE: { exit: 2, text: 'Noise goes on float32 tensors; this cut sends {dtype}. Choose another cut.' },
  AUDIT_INPUT: {
    exit: 2,
    text: 'An audit needs a network with one float32 picture input [{wanted}] (from the model card or --size); this one takes {found}. Inputs beside the picture are fixed with --input.',
  },
  AUDIT_PICTURE: {
    exit: 2,
    text: 'Inputs {inputs} could all take the picture. Name the one that does in the model card (input: NAME), or fix the others: {example}',
  },
  AUDIT_BESIDE: {
    exit: 2,
    text: 'Cut {cut} hangs on {inputs} beside the picture, and an audit has pictures alone. Fix what is beside it, e.g. {example}',
  },
  AUDIT_IMAGES: {
    exit: 2,
    text: '--images {images} is too few for a 95 % interval, which needs 2 pictures at least, and 100 to mean much. Raise it.',
  },
  AUDIT_GALLERY: {
    exit: 2,
    text: 'A gallery of {wanted} pictures cannot be had: it holds the {images} victims and others of the test split, and that of {name} has {found}. Choose --gallery between the two.',
  },
  ACTIVATION_NOT_FINITE: {
    exit: 2,
    text: 'Cut {cut}: tensor {tensor} has values that are NaN or infinite. Check the weights.',
  },
  ACTIVATION_DTYPE: {
    exit: 2,
    text: 'Cut {cut}: tensor {tensor} is {dtype}; attacks need float32. Choose another cut.',
  },
  ACTIVATION_SHAPE: {
    exit: 2,
    text: 'Cut {cut}: the shape of tensor {tensor} depends on the picture; attacks need one that all pictures share. Choose another cut.',
  },
  ATTACK_DIVERGED: {
    exit: 1,
    text: 'Cut {cut}: attack {attack} diverged for {missed} of {images} victims: {problem}. That is no measurement. Try a smaller --learning-rate or another --solver.',
  },
  ATTACK_STALLED: {
    exit: 1,
    text: 'Cut {cut}: attack {attack} found nothing out about {missed} of {images} victims: {problem}. That is no measurement, and the cut is not known to be safe. Try another --attack or --solver, or a cut nearer to the picture.',
  },
  ATTACK_SPARED: {
    exit: 1,
    text: 'Cut {cut}: {attack} was spared, since {by} has already shown more than enough (SSIM {ssim}).',
  },
  AUDIT_SPARED: {
    exit: 1,
    text: 'Cut {cut} was not attacked: {problem}. Name it with --at to attack it.',
  },
  AUDIT_LEFT_OUT: {
    exit: 1,
    text: 'Cut {cut} was not attacked: {problem}. Nothing is known about it. Name it with --at, or allow more time with --budget.',
  },
  ATTACK_NOT_ALLOWED: {
    exit: 2,
    text: 'Attack {attack} needs a {needs} attacker, and --threat {threat} is weaker. Attacks it allows: {allowed}.',
  },
  GENERATOR_UNFIT: {
    exit: 2,
    text: 'Generator {name} {problem}. Wanted: one float32 input, codes [n,k] or [n,c,h,w] of more than one number, and one float32 output, pictures [n,{row}].',
  },
  DECODER_UNFIT: { exit: 2, text: 'Cut {cut}: the decoder does not fit: {problem}.' },
  ANSWER_UNFIT: {
    exit: 2,
    text: 'Cut {cut}: no output of the model has a row for each picture, so nothing can be learnt from the answer. Leave the attack answer out.',
  },
  SHADOW_UNFIT: {
    exit: 2,
    text: 'Cut {cut}: no head of the attacker’s own: {problem} (--shadow-structure, --substitute-structure).',
  },
  // --- training -----------------------------------------------------------------------------------------------------
  TRAINING_DIVERGED: { exit: 1, text: 'The loss of epoch {epoch} is no number. Try a smaller --learning-rate.' },
  TRAINING_STALLED: {
    exit: 1,
    text: 'The training has taught nothing: {problem}. Check pictures and labels, or try another --learning-rate.',
  },
  // --- profiles, planner --------------------------------------------------------------------------------------------
  PLAN_INVALID: { exit: 2, text: '{path}: not a plan: {problem}. Make a new one with cutline plan --out.' },
  PLAN_OTHER_MODEL: {
    exit: 2,
    text: 'The plan is for another model: it names SHA-256 {wanted}, this model has {found}. Plan again for this model.',
  },
  PLAN_OTHER_FILE: {
    exit: 2,
    text: 'The {part} here is not the one of the plan: it names SHA-256 {wanted}, this file has {found}. Copy plan.json, head.onnx and tail.onnx together.',
  },
  PLAN_WITHOUT_EVIDENCE: {
    exit: 2,
    text: 'Plan {plan} is refused: {problem}. Audit the cut and plan again, or raise --max-ssim knowingly.',
  },
  PLAN_ALTERED: {
    exit: 2,
    text: 'Plan {plan} is not as it was made: {problem}. Take the plan from where it was made, or plan again.',
  },
  PLAN_UNSIGNED: {
    exit: 2,
    text: 'Plan {plan} is not signed, and here only signed ones run. Sign it with cutline plan sign, where the private key is.',
  },
  PLAN_KEY_UNKNOWN: {
    exit: 2,
    text: 'Plan {plan} is signed by {key}, which is none of the keys trusted here ({known}). Sign it with one of them, or add its public key to planKeys.',
  },
  PLAN_EXPIRED: {
    exit: 2,
    text: 'Plan {plan} ended at {expires}; it is {now} here. Plan again, or sign it anew with cutline plan sign --expires-in; if that time is wrong, set the clock.',
  },
  PLAN_OLDER: {
    exit: 2,
    text: 'Plan {plan} (serial {serial}) is older than {last} (serial {lastSerial}), which ran here last. To go back to it knowingly, sign it with cutline plan sign --new-serial.',
  },
  PLAN_STATE_INVALID: {
    exit: 2,
    text: '{path}: not what an agent writes of the plan that it ran last: {problem}. Take it from a backup, or delete it, if no newer plan than this one ever ran here.',
  },
  ROUTES_LOG_INVALID: {
    exit: 2,
    text: '{path}: not a recording of moves between routes: {problem}. An agent writes one where its configuration has routes.log.',
  },
  ROUTES_LOG_OTHER_PLAN: {
    exit: 2,
    text: '{path} was recorded with plan {found}, and {wanted} is another one. Give the plan that ran then with --plan.',
  },
  ROUTES_DIFFER: {
    exit: 1,
    text: '{path}: recorded is {recorded}, and decided on the same telemetry {decided}. Another version wrote it, or it was changed: replay it with the version that ran then.',
  },
  ACCOUNTS_INVALID: {
    exit: 2,
    text: '{path}: not the accounts of a broker: {problem}. cutline broker account makes them.',
  },
  STORE_INVALID: {
    exit: 1,
    text: '{path}: the outbox cannot be used: {problem}. Free some space, give it its key, or move it away: what waits in it is not sent then.',
  },
  KEY_INVALID: { exit: 2, text: '{path}: {problem}. cutline keys makes such keys.' },
  KEY_EXISTS: {
    exit: 2,
    text: '{path} is there already, and what it signed would be lost with it. Choose another name or folder.',
  },
  PLAN_OTHER_AUDIT: {
    exit: 2,
    text: 'The plan is of another audit: it names SHA-256 {wanted}, this file has {found}. Give the audit.json that was written with it.',
  },
  PLAN_PROTOCOL_UNKNOWN: {
    exit: 2,
    text: 'The evidence was made by protocol {protocol} with SHA-256 {sha256}, which is not here. Give that file with --protocol.',
  },
  PLAN_WEAKER_EVIDENCE: {
    exit: 2,
    text: 'Plan {plan} is refused: its audit did less than protocol {protocol} asks for: {problem}. Audit and plan with --protocol {protocol}, or demand another one knowingly.',
  },
  ANSWER_UNSENDABLE: {
    exit: 2,
    text: 'No plan can be made: output {output} {problem}. Export the model without that part.',
  },
  CONSTRAINTS_CONTRADICT: { exit: 2, text: '{first} contradicts {second}. {relax}' },
  REQUIREMENTS_INVALID: { exit: 2, text: '{path}: not requirements of a plan: {problem}.' },
  TIERS_INVALID: { exit: 2, text: '{path}: not a file of tiers: {problem}.' },
  ROUTE_TIER_UNKNOWN: { exit: 2, text: '{path}: {where}: there is no tier {tier}. There are {known}.' },
  ROUTE_OPTION: { exit: 2, text: '{option} does not add along a route, so --tiers cannot keep it: {remedy}' },
  ROUTE_WITHOUT_EVIDENCE: {
    exit: 3,
    text: 'No route is proven safe. The best that is not known to be open has no evidence for the hop {hop}: {problem} Audit it, or give --data.',
  },
  ROUTE_UNRUNNABLE: {
    exit: 3,
    text: 'The best route needs more than the runtime has: {problem}. It runs one hop from the device to one other tier, and the answer back. Nothing was written; --json prints the route.',
  },
  NO_FEASIBLE_PLAN: { exit: 3, text: 'No candidate meets every requirement. {relax}' },
  AUDIT_INVALID: { exit: 2, text: '{path}: not the result of cutline audit --json: {problem}.' },
  AUDIT_NO_EVIDENCE: {
    exit: 2,
    text: '{path}: its attackers did not know the defense (--no-adaptive), which proves nothing. Audit without that option.',
  },
  AUDIT_OTHER_MODEL: {
    exit: 2,
    text: '{path}: the audit is of a model with SHA-256 {found}, this model has {wanted}. Audit this model.',
  },
  AUDIT_OTHER_INPUTS: {
    exit: 2,
    text: '{path}: the audit is of this model with {found}, and here it has {wanted}. Audit with the same --input.',
  },
  PLAN_BESIDE: {
    exit: 2,
    text: 'An agent has pictures alone, and the model takes {inputs} beside {picture}. Fix what is beside it, e.g. {example}',
  },
  PROFILE_INVALID: { exit: 2, text: '{path}: not a profile: {problem}.' },
  PROFILE_UNKNOWN: {
    exit: 2,
    text: 'No profile named {name}. Shipped profiles: {known}. A path with a slash or .yaml names your own file.',
  },
  OPTION_INVALID: { exit: 2, text: '{path}: {problem}.' },
  PROFILE_LACKS: { exit: 2, text: 'Profile {name} lacks {what}. {remedy}' },
  LINK_SILENT: {
    exit: 1,
    text: '{url}: a message of {bytes} bytes did not come back within {seconds} s. Check that the broker lets this client subscribe to cutline/v1/#.',
  },
  POWER_METER_UNKNOWN: { exit: 2, text: 'No power meter named {name}. Known meters: {known}.' },
  POWER_METER_UNAVAILABLE: { exit: 2, text: 'Power meter {name} cannot be read here: {problem}.' },
  PROTOCOL_INVALID: { exit: 2, text: '{path}: not a protocol: {problem}.' },
  PROTOCOL_UNKNOWN: {
    exit: 2,
    text: 'No protocol named {name}. Shipped protocols: {known}. A path with a slash or .yaml names your own file.',
  },
  PROTOCOL_ATTACK: {
    exit: 2,
    text: 'Protocol {protocol} asks for an attack {attack}, which is not known here. Known attacks: {known}.',
  },
  PROTOCOL_VICTIMS: {
    exit: 2,
    text: 'Protocol {protocol} needs {wanted} pictures that no attacker owns ({parts}), and the test split of {name} has {found}. Bring more pictures, or choose a protocol that asks for fewer.',
  },
  LEDGER_INVALID: {
    exit: 2,
    text: '{path}: not a privacy ledger: {problem}. It counts what was told of a scene: do not delete it before its window has passed.',
  },
  LEDGER_OTHER_PLAN: {
    exit: 2,
    text: '{path}: this ledger counts for plan {found}, the agent runs {wanted}. What both tell of one scene adds up: wait until the window has passed and remove the file, or name another for another scene.',
  },
  BUDGET_SPENT: {
    exit: 1,
    text: '{path}: the privacy budget of this window is spent. Nothing more is sent until {freeAt}.',
  },
  PLAN_CAP: {
    exit: 2,
    text: 'Plan {plan} promises {promised} bits a picture at most, and {problem}. Nothing is sent by it: make it again with cutline plan.',
  },
  CAP_EXCEEDED: {
    exit: 1,
    text: 'This picture would be told in {bits} bits, and plan {plan} promises {promised} at most. It was not sent: the head is not the one that the plan was made for.',
  },
  PUSH_INVALID: { exit: 2, text: '{path}: not a plan for a device: {problem}. Push plans with cutline plan push.' },
  PUSH_NOT_KEPT: {
    exit: 1,
    text: '{url}: the broker did not keep the plan for {device}: {problem}. Raise its limit of retained messages, or give this account the right to write and read plans (role operator).',
  },
  PUSH_UNCONFIRMED: { exit: 1, text: '{count} of {total} devices did not take plan {plan}. {problem}' },
  UPDATE_SOURCE: {
    exit: 2,
    text: 'The head of plan {plan} is not fetched from {url}: {problem}.',
  },
  UPDATE_TOO_LARGE: {
    exit: 2,
    text: 'The head of plan {plan} has {bytes} bytes, more than the {limit} that this device fetches. Make it smaller, or raise the limit under updates.',
  },
  UPDATE_FETCH: { exit: 1, text: '{url}: {problem}.' },
  UPDATE_FAILED_BEFORE: {
    exit: 1,
    text: 'Plan {plan} failed here at {at} and is not tried again: {problem} Mend what was wrong, and sign it with cutline plan sign --new-serial.',
  },
  UPDATE_TRIAL: { exit: 1, text: 'Plan {plan} did not come through its trial: {problem}.' },
  UPDATE_NO_PLAN: {
    exit: 1,
    text: 'Of the plans on this device none can run, and the one of the configuration neither: {problem} Push a new one, or put plan and head back.',
  },
  UPDATE_STATE_INVALID: {
    exit: 2,
    text: '{path}: not what an agent writes of its updates: {problem}. It was set aside; the plan of the configuration runs.',
  },
  UPDATE_IN_USE: {
    exit: 1,
    text: '{path}: another agent (process {pid}) runs from this folder. Stop it, or give this one a folder of its own.',
  },
  // --- broker, agent, consumer --------------------------------------------------------------------------------------
  CONFIG_INVALID: { exit: 2, text: '{path}: {problem}.' },
  RESULTS_OTHER: {
    exit: 2,
    text: '{path}: line {line} is {problem}, so this is no results file to go on with. Choose another file, or write over this one with --overwrite.',
  },
  SOURCE_STDIN: {
    exit: 2,
    text: 'Standard input is a terminal, and pictures are to come from it. Pipe frames into the agent, or choose another source.',
  },
  SOURCE_PROGRAM: {
    exit: 2,
    text: '{program} is not on this machine. Install the package {package} (apt install {package}), or choose another source.',
  },
  HTTP_LISTEN: {
    exit: 1,
    text: '{address}: cannot listen for pictures ({problem}). Choose another port or host in source.',
  },
  BUNDLE_FAILED: { exit: 1, text: 'The bundle cannot be made: {problem}.' },
  OPS_LISTEN: {
    exit: 1,
    text: '{address}: cannot listen for metrics and health ({problem}). Choose another port or host in http.',
  },
  DASHBOARD_LISTEN: {
    exit: 1,
    text: '{address}: cannot listen for the page ({problem}). Choose another port or host in http.',
  },
  REQUEST_INVALID: { exit: 2, text: 'The request cannot be used: {problem}.' },
  REQUEST_UNAUTHORIZED: { exit: 2, text: 'The request has not the token. Send it as Authorization: Bearer TOKEN.' },
  REQUEST_FOREIGN: {
    exit: 2,
    text: 'Without a token, only programs on this machine are answered, and no pages of browsers. Set tokenFile in source.',
  },
  REQUEST_PATH: { exit: 2, text: '{path}: nothing is here. POST pictures to /infer.' },
  REQUEST_METHOD: { exit: 2, text: '{method}: pictures are sent with POST.' },
  REQUEST_SLOW: { exit: 2, text: 'The request was not whole after {timeoutMs} ms.' },
  REQUEST_TOO_LARGE: {
    exit: 2,
    text: 'The body is more than the {limit} bytes that are read. Scale the picture down first.',
  },
  REQUEST_BUSY: {
    exit: 1,
    text: '{under} pictures are being worked on and {waiting} wait already. Try again later.',
  },
  REQUEST_STOPPING: { exit: 1, text: 'The agent is stopping. Try again later.' },
  SECRET_EXPOSED: { exit: 2, text: '{path}: others may read this secret (mode {mode}). Run chmod 600 on it.' },
  BROKER_LISTEN: { exit: 1, text: '{address}: cannot listen ({problem}). Choose another --port or --host.' },
  BROKER_EXPOSED: {
    exit: 2,
    text: '{host} is reachable from outside and the broker would take anybody. Give --username and --password-file, or --insecure if that is meant.',
  },
  BROKER_UNREACHABLE: {
    exit: 1,
    text: '{url}: no broker for {seconds} s ({problem}). Start one with `cutline broker`, or check the address.',
  },
  BROKER_REFUSED: {
    exit: 2,
    text: '{url}: the broker refused this client ({problem}). Check its credentials and rights.',
  },
  BROKER_LOST: { exit: 1, text: '{url}: no connection ({problem}).' },
  MESSAGE_TOO_LARGE: {
    exit: 2,
    text: 'A message of {bytes} bytes is more than the {limit} that {url} takes. Choose a smaller codec or a deeper cut, or raise the limit of the broker.',
  },
  ENVELOPE_INVALID: { exit: 1, text: 'Malformed envelope: {problem}.' },
  TENSOR_INVALID: { exit: 1, text: 'Malformed tensor {tensor}: {problem}.' },
  CODEC_UNKNOWN: { exit: 2, text: '{name}: no such codec. There are {known}.' },
  CODEC_RANGE: { exit: 1, text: 'Tensor {tensor}: {problem}, which {codec} has no room for. Choose float32.' },
  NAME_INVALID: {
    exit: 2,
    text: '{kind} {name}: use 1 to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit.',
  },
  HEAD_MISMATCH: { exit: 2, text: '{path}: {problem}. Take the head and the plan from one run of cutline plan.' },
  TAIL_MISMATCH: { exit: 2, text: '{path}: {problem}. Take the tail and the plan from one run of cutline plan.' },
  NO_ANSWER: {
    exit: 1,
    text: 'No answer from a consumer within {seconds} s: {problem}',
  },
  ANSWER_FAILED: { exit: 1, text: 'The consumer answered {code}: {problem}' },
  INFERENCES_FAILED: { exit: 1, text: '{failed} of {total} inferences got no result. The first: {problem}' },
  // --- demo ---------------------------------------------------------------------------------------------------------
  DEMO_ORIGINAL: {
    exit: 2,
    text: '--original {original}: it is not the network that {model} was hardened from, by their digests. Give that one, or leave it out.',
  },
  PROCESS_ENDED: { exit: 1, text: '{name}: {problem}' },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;

/** What fills the placeholders of an entry. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** Names and words may be a stranger's: no escape sequence of theirs reaches a terminal or a log. */
const shown = (value: string | number): string =>
  String(value).replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

export class CutlineError extends Error {
  readonly code: ErrorCode;
  readonly exit: ExitCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    const entry: Entry = catalogue[code];
    super(
      entry.text.replaceAll(/\{(\w+)\}/g, (_, name: string) => shown(details[name] ?? '')),
      options,
    );
    this.name = 'CutlineError';
    this.code = code;
    this.exit = entry.exit;
    this.details = details;
  }
}

/** Every entry, for the documentation. */
export const errorCatalogue: Readonly<Record<ErrorCode, Entry>> = catalogue;
