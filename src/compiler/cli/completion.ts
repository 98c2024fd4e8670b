// Scripts that complete policyc's commands and options in a shell: printed from the commands themselves.
import type { Command } from 'commander';
import { catalog } from '../diagnostics/catalog.ts';
import { gateWords } from './fail-on.ts';
import { print } from './output.ts';

/** What can follow a command: options, with the words that an option takes, and words of its own. */
type Completed = {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly summary: string;
    readonly takes: readonly string[] | 'file' | 'nothing';
  }[];
  readonly words: readonly string[];
};

export function printCompletion(program: Command, shell: string): void {
  const names = program.commands.map((command) => command.name());
  const words: Readonly<Record<string, readonly string[]>> = {
    help: [...names, 'codes', ...Object.keys(catalog)],
    completion: ['bash', 'zsh', 'fish'],
  };
  const commands = program.commands.map((command) => completed(command, words[command.name()] ?? []));
  print(shell === 'bash' ? bash(commands) : shell === 'zsh' ? zsh(commands) : fish(commands));
}

/** Words of options that take several with commas between. */
const listed: Readonly<Record<string, readonly string[]>> = { 'diff --fail-on': gateWords };

function completed(command: Command, words: readonly string[]): Completed {
  const options = command.options.map(({ short, long, description, argChoices, required }) => ({
    flags: [short, long].flatMap((flag) => flag ?? []),
    summary: description,
    takes: argChoices ?? listed[`${command.name()} ${long}`] ?? (required ? ('file' as const) : ('nothing' as const)),
  }));
  return { name: command.name(), summary: command.description(), options: [...options, help], words };
}
const help = { flags: ['-h', '--help'], summary: 'print help', takes: 'nothing' } as const;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const flagsOf = ({ options }: Completed): readonly string[] => options.flatMap(({ flags }) => flags);

function bash(commands: readonly Completed[]): string {
  const choices = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, takes }) =>
      typeof takes === 'string'
        ? []
        : flags.map(
            (flag) => `    ${quoted(`${name} ${flag}`)}) COMPREPLY=($(compgen -W ${quoted(takes.join(' '))} -- "$word")); return ;;`,
          ),
    ),
  );
  const cases = commands.map(
    (command) =>
      `    ${command.name}) if [[ $word == -* ]]; then COMPREPLY=($(compgen -W ${quoted(flagsOf(command).join(' '))} -- "$word"))${
        command.words.length > 0 ? `; else COMPREPLY=($(compgen -W ${quoted(command.words.join(' '))} -- "$word"))` : ''
      }; fi ;;`,
  );
  return `# bash completion of policyc
_policyc() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$word")); return; fi
  case "$command $before" in
${choices.join('\n')}
  esac
  case $command in
${cases.join('\n')}
  esac
}
complete -o default -F _policyc policyc
`;
}

const escapedColons = (text: string): string => text.replaceAll(':', '\\:');
const inBrackets = (text: string): string => text.replace(/[[\]:]/g, (sign) => `\\${sign}`);

function zsh(commands: readonly Completed[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${escapedColons(summary)}`)}`);
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.flatMap(({ flags, summary, takes }) =>
      flags.map(
        (flag) =>
          `${flag}[${inBrackets(summary)}]${takes === 'nothing' ? '' : takes === 'file' ? ':value:_files' : `:value:(${takes.join(' ')})`}`,
      ),
    );
    const rest = words.length > 0 ? `*:topic:(${words.join(' ')})` : '*:file:_files';
    return `    ${name}) _arguments ${[...specs, rest].map(quoted).join(' ')} ;;`;
  });
  return `#compdef policyc
_policyc() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if ((CURRENT == 2)); then _describe command commands; return; fi
  local command=$words[2]
  shift words; ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
_policyc "$@"
`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options, words }) => {
    const within = `complete -c policyc -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      `complete -c policyc -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...options.map(({ flags, summary: about, takes }) => {
        const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
        const value = takes === 'nothing' ? '' : takes === 'file' ? ' -r' : ` -x -a ${quoted(takes.join(' '))}`;
        return `${within} ${names}${value} -d ${quoted(about)}`;
      }),
      ...(words.length > 0 ? [`${within} -f -a ${quoted(words.join(' '))}`] : []),
    ];
  });
  return `# fish completion of policyc\n${lines.join('\n')}\n`;
}
