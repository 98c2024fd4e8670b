// `rules` blocks: each is looked at once where it stands, and written out where it is used, with its arguments as
// declarations in the place of its parameters.
import type { Expr, Name, RulesAst, UseAst } from '../ir/ast.ts';
import { declarationKinds } from '../ir/ast.ts';
import type { Declaration, Value } from '../ir/resolved.ts';
import { keepAnnotations } from './annotations.ts';
import { expectedOf, misfit } from './arguments.ts';
import { foundIn, namesOf, refuseName } from './names.ts';
import type { FileScope, ParameterKind } from './scopes.ts';
import { type Part, partsOf } from './sections.ts';
import { type Parameter, type Place, refuseWord, silent } from './unit.ts';
import { boundValue, listValue } from './values.ts';
import { oneOf, reservedMeaning } from './vocabulary.ts';

const parameterKinds: readonly ParameterKind[] = [...declarationKinds, 'peer'];

/** Reports what is wrong with a block, used or not. */
export function checkBlock(place: Place, ast: RulesAst): void {
  const { unit, scope } = place;
  const parameters = new Map<string, Parameter>();
  for (const { name, type } of ast.parameters) {
    const kind = parameterKinds.find((one) => one === type.text);
    if (!kind) refuseWord(unit, type, { expected: `the kind of a parameter (${oneOf(parameterKinds)})`, known: parameterKinds });
    const meaning = reservedMeaning(name.text);
    if (meaning) unit.report('resolve/reserved-name', name.span, { name: name.text, meaning });
    const first = parameters.get(name.text)?.span ?? scope.names.get(name.text)?.span;
    if (first) unit.report('resolve/duplicate-name', [name.span, first], { kind: 'parameter', name: name.text });
    const value: Value = { kind: 'missing', span: name.span };
    const used = !kind || first !== undefined || meaning !== undefined;
    parameters.set(name.text, { kind: kind ?? 'peer', span: name.span, declaration: -1, value, used });
  }
  keepAnnotations(place, ast.annotations, { target: 'rules block', scope: ast.span });
  if (ast.sections.length === 0 && scope.file.isWhole)
    unit.report('resolve/no-sections', ast.name.span, { kind: 'rules block', name: ast.name.text });
  partsOf({ ...place, parameters }, ast.sections, undefined);
  if (!scope.file.isWhole) return;
  for (const [name, { used, span }] of parameters) if (!used) unit.report('resolve/unused-parameter', span, { name });
}

/** Writes out the uses of one file. */
export type Uses = {
  /** The sections that a `use` stands for; none after a report. */
  readonly partsOf: (place: Place, use: UseAst) => readonly Part[];
};

/** Rules that the uses of one file may stand for: enough for any real one, few enough for one that is made to grow. */
const mostRules = 100_000;

const sizeOf = ({ sections }: RulesAst): number => sections.reduce((sum, { entries }) => sum + entries.length, 0);

/** The use with which those of a file stand for too many rules: none of them is written out then. */
function useTooMany({ file, names }: FileScope): UseAst | undefined {
  let rules = 0;
  return file.policies
    .flatMap(({ uses }) => uses)
    .find(({ name }) => {
      const named = names.get(name.text)?.named;
      rules += named?.kind === 'rules' ? sizeOf(named.ast) : 0;
      return rules > mostRules;
    });
}

/** `declarations` are the file's; the arguments of its uses are added to them, each use as many as it has arguments. */
export function usesOf(declarations: Declaration[], { unit, scope }: Place): Uses {
  const tooMany = useTooMany(scope);
  if (tooMany) unit.report('resolve/too-many-rules', tooMany.span, { limit: mostRules });
  return {
    partsOf: (place, use) => {
      const block = blockOf(place, use.name);
      const parameters = block?.ast.parameters ?? [];
      const given = use.arguments.map((argument, index) => argumentOf(place, argument, [parameters[index], add]));
      if (!block || !hasAll(place, use, block.ast) || tooMany) return [];
      const inside = silent({ ...place, scope: block.scope, parameters: new Map(given) });
      return partsOf(inside, block.ast.sections, use.span);
    },
  };

  function add(kind: Declaration['kind'], name: string, value: Value): number {
    return scope.base + declarations.push({ kind, name, span: value.span, value }) - 1;
  }
}

type ParameterAst = RulesAst['parameters'][number];
type Add = (kind: Declaration['kind'], name: string, value: Value) => number;

/** An argument as its parameter is known in the block. */
function argumentOf(
  place: Place,
  argument: Expr,
  [parameter, add]: readonly [ParameterAst | undefined, Add],
): readonly [string, Parameter] {
  const name = parameter?.name.text ?? '';
  const kind = parameterKinds.find((one) => one === parameter?.type.text);
  const value = kind && parameter ? argumentValue(place, argument, [kind, parameter.name]) : unwantedValue(place, argument);
  const declaration = kind && kind !== 'peer' ? add(kind, name, value) : add('list', name, missing(argument));
  return [name, { kind: kind ?? 'peer', span: argument.span, declaration, value, used: true }];
}

const missing = ({ span }: Expr): Value => ({ kind: 'missing', span });

/** Of an argument that has no parameter, or one of an unknown kind: only its names are looked at. */
function unwantedValue(place: Place, argument: Expr): Value {
  listValue(place, argument);
  return missing(argument);
}

type Block = { readonly ast: RulesAst; readonly scope: FileScope };

function blockOf(place: Place, name: Name): Block | undefined {
  const found = foundIn(place, name.text);
  const binding = place.scope.names.get(name.text);
  if (binding?.named.kind === 'rules') return binding.named;
  if (found) {
    const holes = { expected: 'a `rules` block', found: `${found.what} \`${name.text}\``, hint: undefined };
    place.unit.report('resolve/wrong-kind', [name.span, found.span], holes);
  } else refuseName(place, name, [namesOf(place, ({ kind }) => kind === 'rules'), 'rules block']);
  return undefined;
}

function hasAll({ unit }: Place, use: UseAst, { name, parameters }: RulesAst): boolean {
  const [wanted, given] = [parameters.length, use.arguments.length];
  if (wanted === given) return true;
  const list = wanted === 0 ? 'no arguments' : `${wanted} argument${wanted === 1 ? '' : 's'}`;
  const names = parameters.map((one) => `\`${one.name.text}: ${one.type.text}\``).join(', ');
  const expected = wanted === 0 ? list : `${list} (${names})`;
  unit.report('resolve/wrong-count', [use.span, name.span], { name: name.text, expected, found: given });
  return false;
}

/** The value of an argument; one that does not fit its parameter is reported and `missing`. */
function argumentValue(place: Place, argument: Expr, [kind, { text, span }]: readonly [ParameterKind, Name]): Value {
  const value = kind === 'list' ? listValue(place, argument) : boundValue(place, argument);
  const wrong = misfit(place, value, kind);
  if (!wrong) return value;
  place.unit.report('resolve/wrong-argument', [wrong.span, span], { name: text, expected: expectedOf(kind), found: wrong.found });
  return missing(argument);
}
