#!/usr/bin/env node
// Brings a machine that has Node and npm to the point where everything in this repository runs: npm packages, Debian
// packages, the build. Plain JavaScript without dependencies, because it runs before there are any. The second call
// finds everything in place and takes a moment.
//
//   node scripts/setup.mjs             npm packages, Debian packages, build
//   node scripts/setup.mjs --no-build  the packages alone
//   node scripts/setup.mjs --all       what the long tests alone need, too
//   node scripts/setup.mjs --for-use   only what policyc itself needs: nothing for tests and the demo
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const say = (text) => process.stdout.write(`set-up: ${text}\n`);
const onPath = (program) =>
  [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) => folder !== '' && existsSync(join(folder, program)));
const libraryFolders = () => ['/lib', '/usr/lib', ...['/lib', '/usr/lib'].flatMap(subfolders)];
const subfolders = (folder) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.includes('-linux-'))
        .map((name) => join(folder, name))
    : [];

/** What the machine must have. `build`: nothing works without it; the others are missed by some tests or the demo only. `all`: by such as only `--all` runs. */
const debianPackages = [
  { name: 'clang', why: 'compiles the kernel programs', build: true, here: () => onPath('clang') },
  { name: 'llvm', why: 'strips the kernel programs', build: true, here: () => onPath('llvm-strip') },
  { name: 'libbpf-dev', why: 'headers of the kernel programs', build: true, here: () => existsSync('/usr/include/bpf/bpf_helpers.h') },
  { name: 'linux-libc-dev', why: 'headers of the kernel programs', build: true, here: () => existsSync('/usr/include/linux/bpf.h') },
  { name: 'libbpf1', why: 'loads the kernel programs', here: () => libraryFolders().some((f) => existsSync(join(f, 'libbpf.so.1'))) },
  { name: 'iproute2', why: 'network namespaces of tests and demo', here: () => onPath('ip') },
  { name: 'iputils-ping', why: 'ICMP of the kernel tests', here: () => onPath('ping') },
  { name: 'curl', why: 'a client of tests and demo', here: () => onPath('curl') },
  { name: 'nginx-light', why: 'a server of the HTTP tests', here: () => onPath('nginx') || existsSync('/usr/sbin/nginx') },
  { name: 'shellcheck', why: 'checks the scripts for CI in tests', here: () => onPath('shellcheck') },
  { name: 'pre-commit', why: 'runs the hooks for commits in tests', here: () => onPath('pre-commit') },
  { name: 'chromium', why: 'opens the HTML report in tests', here: () => onPath('chromium') },
  { name: 'prometheus', why: 'promtool checks the metrics', here: () => onPath('promtool') },
  { name: 'dnsmasq-base', why: 'a name server of the DNS tests', all: true, here: () => onPath('dnsmasq') },
  { name: 'unbound', why: 'another', all: true, here: () => onPath('unbound') },
  { name: 'bind9-dnsutils', why: 'dig asks them', all: true, here: () => onPath('dig') },
  { name: 'golang-go', why: 'clients and servers that speak MPTCP', all: true, here: () => onPath('go') },
];
/** Those that come with a service. */
const services = ['prometheus', 'unbound'];

const stop = (text) => {
  process.stderr.write(`set-up: ${text}\n`);
  process.exit(1);
};
const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  return error === undefined && status === 0;
};

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11)) stop(`Node 20.11 or newer is needed; this is ${process.versions.node}`);
}

/** The lock file's packages against what npm wrote down when it installed; a package of another platform may be missing. */
function npmPackagesAreFresh() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function installNpmPackages() {
  if (npmPackagesAreFresh()) return;
  say('installing the npm packages of package-lock.json (npm ci)');
  if (!run('npm', ['ci', '--no-audit', '--no-fund'])) stop('npm ci failed; its own message stands above');
}

// Services that come with a package are neither started now (policy-rc.d) nor at the next boot.
const aptScript = (names) => `
set -e
guard=/usr/sbin/policy-rc.d
made=
if [ ! -e "$guard" ]; then made=1; printf '#!/bin/sh\\nexit 101\\n' > "$guard"; chmod 755 "$guard"; fi
trap '[ -z "$made" ] || rm -f "$guard"' EXIT
trap 'exit 130' INT TERM
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends ${names.join(' ')}; }
ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt-get -qq update
install || { apt-get -qq update; install; }
if command -v systemctl >/dev/null 2>&1; then
  for service in ${services.filter((name) => names.includes(name)).join(' ')}; do systemctl --quiet disable "$service" || true; done
fi
`;

function rootCommand() {
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) return undefined;
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
}

function installDebianPackages() {
  const isAsked = (word) => process.argv.includes(word);
  const isWanted = ({ build, all }) => build || (!isAsked('--for-use') && (!all || isAsked('--all')));
  const missing = debianPackages.filter((one) => isWanted(one) && !one.here());
  if (missing.length === 0) return;
  for (const { name, why } of missing) say(`missing: ${name} (${why})`);
  const names = missing.map(({ name }) => name);
  const prefix = rootCommand();
  const byHand = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (!onPath('apt-get')) giveUp(missing, `this is no Debian machine: install what these packages hold: ${names.join(' ')}`);
  else if (prefix === undefined) giveUp(missing, `neither root nor sudo: have an administrator run: ${byHand}`);
  else {
    say(`installing ${names.join(' ')} (apt-get)`);
    const [command, ...args] = [...prefix, 'sh', '-c', aptScript(names)];
    if (!run(command, args)) giveUp(missing, `apt-get failed; by hand: ${byHand}`);
  }
}

/** Without what the build needs nothing goes on; the rest is missed by some tests, which say so. */
function giveUp(missing, text) {
  if (missing.some(({ build }) => build)) stop(text);
  say(`${text}; going on without: what needs it will say so`);
}

checkNode();
installNpmPackages();
installDebianPackages();
if (!process.argv.includes('--no-build') && !run(process.execPath, ['--import', 'tsx', 'scripts/build.ts'])) process.exit(1);
