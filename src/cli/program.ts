/** Turns the commands into a command line. The only file that knows commander. */
import { Command as CommanderCommand, CommanderError, Option as CommanderOption } from 'commander';
import { type Command, type CommandGroup, tableOf } from './command.ts';
import { badOption, type Options } from './options.ts';
import { print } from './output.ts';
import { dashed, resolveSettings } from './settings.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused data (damage, identity, lock), 4 surroundings (port, disk, network),
5 ran and found something wrong.
Settings: flags before SCRIPTORIUM_* variables before --config FILE (TOML, one table per command) before defaults.`;

function declare(options: Options, target: CommanderCommand): void {
  for (const [name, option] of Object.entries(options)) {
    const value = option.placeholder === '' ? '' : ` <${option.placeholder}>`;
    const declared = new CommanderOption(`--${dashed(name)}${value}`, option.description);
    if (option.kind === 'list')
      declared.argParser((given: string, before: readonly string[] | undefined) => [...(before ?? []), given]);
    target.addOption(declared);
  }
  target.option('--config <path>', 'settings file (TOML); also SCRIPTORIUM_CONFIG');
  target.option('--print-config', 'print every setting with where it came from, and end');
}

interface CommonFlags {
  readonly config?: string;
  readonly printConfig?: boolean;
}

async function runCommand(
  command: Command,
  flags: Readonly<Record<string, unknown>> & CommonFlags,
  commands: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const { settings, origins } = resolveSettings(command.options, {
    command: tableOf(command),
    commands,
    flags,
    environment,
    file: flags.config ?? environment.SCRIPTORIUM_CONFIG,
  });
  if (flags.printConfig !== true) return command.run(settings);
  for (const [name, value] of Object.entries(settings))
    print(`${dashed(name)} = ${JSON.stringify(value) ?? 'unset'}  # ${origins[name]}`);
  return 0;
}

/** The command that holds those of a group; by itself it does nothing. */
function groupOf(
  groups: Map<string, CommanderCommand>,
  program: CommanderCommand,
  { name, summary }: CommandGroup,
): CommanderCommand {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const added = program.command(name).description(summary).exitOverride();
  added.allowExcessArguments(true).action(() => {
    const names = added.commands.map((command) => command.name()).join(', ');
    const [given] = added.args;
    throw badOption(`${name} needs one of ${names}${given === undefined ? '' : `, not ${given}`}`);
  });
  groups.set(name, added);
  return added;
}

/** Parses `args` (without node and script), runs the command named there and resolves to its exit code. */
export async function runProgram(
  commands: readonly Command[],
  version: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  let code = 0;
  const program = new CommanderCommand('scriptorium')
    .description('A replicated log: scribes keep it, workers run the state machine.')
    .version(version)
    .addHelpText('after', EXIT_CODES);
  // Errors are thrown to be printed in one place and one form.
  const quiet = { writeErr: () => {}, outputError: () => {} };
  program.exitOverride().configureOutput(quiet);
  const names = commands.map(tableOf);
  const groups = new Map<string, CommanderCommand>();
  for (const command of commands) {
    const parent =
      command.group === undefined ? program : groupOf(groups, program, command.group).configureOutput(quiet);
    const added = parent
      .command(command.name, { hidden: command.hidden === true })
      .description(command.summary)
      .allowExcessArguments(false)
      .exitOverride()
      .configureOutput(quiet);
    declare(command.options, added);
    added.action(async (flags: Record<string, unknown> & CommonFlags) => {
      code = await runCommand(command, flags, names, environment);
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (args.length === 0) {
      program.outputHelp();
      return 2;
    }
    throw badOption(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
  return code;
}
