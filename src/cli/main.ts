#!/usr/bin/env node
/** The `cutline` command. The page of help loads nothing, so that it answers at once; everything else is in program.ts. */
const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === '--help' || argv[0] === 'help')) {
  const { helpPage } = await import('./help.ts');
  process.stdout.write(helpPage());
} else {
  const { runCommand } = await import('./program.ts');
  await runCommand(argv);
}
