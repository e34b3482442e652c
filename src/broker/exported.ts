/** The rules and accounts of a broker as mosquitto and EMQX take them. */
import { type Account, partsOf } from './accounts.ts';
import { rulesOf } from './acl.ts';

export interface ExportedFile {
  readonly name: string;
  readonly text: string;
  /** It has hashes of passwords: for the broker's eyes only. */
  readonly secret?: true;
}

/** For mosquitto 2.0 and later: what is not allowed by a line is refused. */
export function forMosquitto(accounts: readonly Account[]): readonly ExportedFile[] {
  const acl = accounts.map((account) => {
    const { write, read } = rulesOf(account);
    return [
      `user ${account.username}`,
      ...write.map((filter) => `topic write ${filter}`),
      ...read.map((filter) => `topic read ${filter}`),
    ].join('\n');
  });
  return [
    {
      name: 'mosquitto.conf',
      text: [
        '# mosquitto 2.0 or later. Put certificates in place and start it in this folder: mosquitto -c mosquitto.conf',
        'listener 8883',
        'cafile ca.pem',
        'certfile server.pem',
        'keyfile server.key',
        'allow_anonymous false',
        'password_file cutline.passwd',
        'acl_file cutline.acl',
        '',
        "# Nagle's algorithm against delayed acknowledgements costs 40 ms a round trip at QoS 1.",
        'set_tcp_nodelay true',
        '# Delivery is end to end: the broker need not keep anything.',
        'persistence false',
        'max_packet_size 16777216',
        'max_queued_messages 1000',
        'max_inflight_messages 64',
        '',
      ].join('\n'),
    },
    { name: 'cutline.passwd', text: lines(accounts.map((a) => `${a.username}:${a.password}`)), secret: true },
    { name: 'cutline.acl', text: `${acl.join('\n\n')}\n` },
  ];
}

/** For EMQX 5: rules of a file, users of the built-in database by its bootstrap file. */
export function forEmqx(accounts: readonly Account[]): readonly ExportedFile[] {
  const quoted = (filters: readonly string[]) => `[${filters.map((f) => `"${f}"`).join(', ')}]`;
  const rules = accounts.flatMap((account) => {
    const { write, read } = rulesOf(account);
    const rule = (action: string, filters: readonly string[]) =>
      filters.length === 0 ? [] : [`{allow, {username, "${account.username}"}, ${action}, ${quoted(filters)}}.`];
    return [...rule('publish', write), ...rule('subscribe', read)];
  });
  const users = accounts.map(({ username, password }) => {
    const { salt, hash } = partsOf(password);
    return { user_id: username, password_hash: hash.toString('hex'), salt: salt.toString(), is_superuser: false };
  });
  const iterations = Math.max(1, ...accounts.map((a) => partsOf(a.password).iterations));
  return [
    {
      name: 'emqx.conf',
      text: [
        '# EMQX 5: merge into etc/emqx.conf; the two files beside it go into etc/.',
        'authentication = [{',
        '  mechanism = password_based, backend = built_in_database, user_id_type = username',
        `  password_hash_algorithm { name = pbkdf2, mac_fun = sha512, iterations = ${iterations}, dk_length = 64 }`,
        '  bootstrap_file = "etc/cutline-users.json", bootstrap_type = hash',
        '}]',
        'authorization { no_match = deny, deny_action = disconnect',
        '  sources = [{ type = file, enable = true, path = "etc/cutline-acl.conf" }] }',
        'mqtt { max_packet_size = 1MB, max_topic_levels = 8, shared_subscription = true }',
        'listeners.tcp.default.enable = false',
        '',
      ].join('\n'),
    },
    { name: 'cutline-users.json', text: `${JSON.stringify(users, null, 2)}\n`, secret: true },
    { name: 'cutline-acl.conf', text: lines([...rules, '{deny, all}.']) },
  ];
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
