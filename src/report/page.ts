// The part of the HTML report that answers: filters, and what a click on an edge or a node shows. Everything that it shows stands in
// the page already (src/compiler/cli/diff-html.ts writes it), so that the report can be read without scripts, and printed.

const all = <T extends Element>(selector: string, kind: new () => T): readonly T[] =>
  [...document.querySelectorAll(selector)].filter((element): element is T => element instanceof kind);
const first = <T extends Element>(selector: string, kind: new () => T): T | undefined => all(selector, kind)[0];

const cards = all('article.change', HTMLElement);
const pieces = all('svg .edge, svg .node', SVGGElement);
const form = first('form.filters', HTMLFormElement);
const notice = first('.selection', HTMLElement);
const severities = ['low', 'medium', 'high'];

/** Numbers of the changes that a click chose. */
let chosen: ReadonlySet<string> | undefined;

const words = (text: string | undefined): readonly string[] => (text ?? '').split(' ').filter((word) => word !== '');
const listed = (text: string | undefined): readonly string[] => (text ?? '').split('\n').filter((word) => word !== '');

function isWanted(card: HTMLElement, filters: FormData): boolean {
  const { number = '', effect = '', severity = '', owners, namespaces } = card.dataset;
  const [team, namespace, least] = ['team', 'namespace', 'severity'].map((name) => String(filters.get(name) ?? ''));
  const text = String(filters.get('text') ?? '').toLowerCase();
  return (
    (!chosen || chosen.has(number)) &&
    filters.getAll('effect').includes(effect) &&
    (!team || listed(owners).includes(team)) &&
    (!namespace || listed(namespaces).includes(namespace)) &&
    (!least || severities.indexOf(severity) >= severities.indexOf(least)) &&
    (text === '' || (card.textContent ?? '').toLowerCase().includes(text))
  );
}

function show(): void {
  if (!form) return;
  const filters = new FormData(form);
  const shown = new Set<string>();
  for (const card of cards) {
    card.hidden = !isWanted(card, filters);
    if (!card.hidden) shown.add(card.dataset['number'] ?? '');
  }
  for (const section of all('section.effect', HTMLElement)) section.hidden = !cards.some((card) => section.contains(card) && !card.hidden);
  const kept = filters.get('kept') !== null;
  for (const piece of pieces) {
    const own = words(piece.dataset['changes']);
    const isQuiet = own.length === 0;
    piece.classList.toggle('faded', isQuiet ? !kept : !own.some((number) => shown.has(number)));
    piece.classList.toggle('gone', isQuiet && !kept && piece.classList.contains('edge'));
  }
  const count = first('.count', HTMLElement);
  if (count) count.textContent = `${shown.size} of ${cards.length} changes`;
  if (notice) notice.hidden = !chosen;
}

function choose(piece: SVGGElement): void {
  const isSame = piece.classList.contains('chosen');
  for (const other of pieces) other.classList.toggle('chosen', other === piece && !isSame);
  const own = words(piece.dataset['changes']);
  chosen = isSame ? undefined : new Set(own);
  const name = first('.selection .name', HTMLElement);
  if (name) name.textContent = piece.getAttribute('aria-label') ?? '';
  show();
}

function clear(): void {
  for (const piece of pieces) piece.classList.remove('chosen');
  chosen = undefined;
  show();
}

for (const piece of pieces) {
  piece.addEventListener('click', () => choose(piece));
  piece.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose(piece);
  });
}
form?.addEventListener('input', show);
form?.addEventListener('submit', (event) => event.preventDefault());
first('form.filters button', HTMLButtonElement)?.addEventListener('click', () => {
  form?.reset();
  clear();
});
first('.selection button', HTMLButtonElement)?.addEventListener('click', clear);
window.addEventListener('beforeprint', () => {
  for (const details of all('details', HTMLDetailsElement)) details.open = true;
});
document.documentElement.classList.add('answers');
show();
