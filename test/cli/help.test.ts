import { describe, it } from 'vitest';
import { helpPage } from '../../src/cli/help.ts';
import { commands as modules, nestedCommands } from '../../src/cli/program.ts';
import { cutline } from './workshop.ts';

/** Every command, and options that its help has to mention. */
const commands: Record<string, readonly string[]> = {
  inspect: ['--shape', '--input', '--json'],
  split: ['--at', '--out', '--shape', '--input'],
  gradient: ['--at', '--out', '--shape', '--input'],
  audit: [
    '--data',
    '--at',
    '--attack',
    '--solver',
    '--lambda-tv',
    '--learning-rate',
    '--defense',
    '--threat',
    '--images',
    '--iterations',
    '--input',
    '--seed',
    '--sheet',
  ],
  plan: ['--device', '--cloud', '--link', '--audit', '--data', '--max-ssim', '--objective', '--min-accuracy'],
  profile: ['--out', '--broker', '--meter'],
  train: ['--data', '--epochs', '--seed', '--out'],
  'plan verify': ['--audit', '--model', '--protocol'],
  demo: ['--out', '--images', '--protocol'],
  agent: ['--config', '--images', '--results'],
  consumer: ['--config', '--give-up-after'],
  dashboard: ['--config', '--set'],
  broker: ['--port', '--host', '--insecure'],
  'data fetch': ['--dir'],
};

describe('help', { concurrent: true }, () => {
  it('says of each command what the command says of itself', ({ expect }) => {
    const words = helpPage().replaceAll(/\s+/g, ' ');
    for (const { command, describe: about } of modules) expect(words).toContain(`cutline ${command} ${about}`);
    for (const [name, { command, describe: about }] of Object.entries(nestedCommands)) {
      expect(words).toContain(`cutline ${name.split(' ')[0]} ${command} ${about}`);
    }
  });

  it('lists every command and the exit codes', async ({ expect }) => {
    const { code, stdout, stderr } = await cutline('--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const name of Object.keys(commands)) expect(stdout).toContain(`cutline ${name.split(' ')[0]}`);
    expect(stdout).toContain('3 no feasible plan');
  });

  it.for(Object.entries(commands))(
    'cutline %s --help says what it does and takes',
    async ([name, options], { expect }) => {
      const { code, stdout, stderr } = await cutline(...name.split(' '), '--help');
      expect([code, stderr]).toEqual([0, '']);
      for (const option of [...options, '--json']) expect(stdout).toContain(option);
    },
  );

  it('tells the version', async ({ expect }) => {
    expect((await cutline('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('prints a completion script', async ({ expect }) => {
    const { code, stdout, stderr } = await cutline('completion');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('_cutline_yargs_completions');
    expect(stdout).toMatch(/complete .*cutline/);
  });

  it.for([
    [['audi', 'x.onnx'], 'audit'],
    [['insepct', 'x.onnx'], 'inspect'],
    [['pln'], 'plan'],
  ] as const)('suggests the command that was meant: %j', async ([args, meant], { expect }) => {
    const { code, stderr } = await cutline(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`Did you mean ${meant}?`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('asks for a command where there is none', async ({ expect }) => {
    const { code, stdout, stderr } = await cutline();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Name a command');
  });
});
