/** The `cutline` command as a bundle has it: what a device runs, and nothing that attacks or plans. */
import { agentCommand } from './commands/agent.ts';
import { configCommand } from './commands/config.ts';
import { configCheckCommand } from './commands/config-check.ts';
import { configSchemaCommand } from './commands/config-schema.ts';
import { runCommandOf } from './run-command.ts';

const nested = { 'config check': configCheckCommand, 'config schema': configSchemaCommand };
await runCommandOf({ commands: [agentCommand, configCommand], nested }, process.argv.slice(2));
