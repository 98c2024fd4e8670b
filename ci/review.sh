#!/bin/sh
# What a review of policies needs, for any CI: check, format, test, build, and the comparison with what the change began from. All steps
# run, whatever one of them finds; reports are left in a folder. Ends with 0 when all is well, 1 when a step failed, 2 for wrong usage.
#
#   POLICYC           the program (default: policyc); words are split: "npx policyc"
#   POLICYC_PATHS     files and folders, with blanks between (default: .)
#   POLICYC_BASE      the revision that is compared with, as git knows it; empty: nothing is compared
#   POLICYC_FAIL_ON   what `policyc diff --fail-on` takes; empty: a change by itself never fails
#   POLICYC_BUNDLE    a folder: the bundle is built there; empty: nothing is built
#   POLICYC_INVENTORY, POLICYC_FLOWS   files for --inventory and --flows
#   POLICYC_REPORTS   where reports go (default: policyc-reports): check.sarif, tests.xml, diff.md, diff.json, diff.sarif, diff.html
set -u

policyc=${POLICYC:-policyc}
paths=${POLICYC_PATHS:-.}
base=${POLICYC_BASE:-}
reports=${POLICYC_REPORTS:-policyc-reports}
failed=

say() { printf '\n== %s\n' "$*"; }

# step NAME COMMAND...: runs it, and remembers that it failed.
step() {
  name=$1
  shift
  say "$name"
  "$@"
  status=$?
  if [ "$status" -ne 0 ]; then
    printf '%s: failed (exit code %s)\n' "$name" "$status"
    failed="$failed $name"
  fi
}

# A clone of a CI often has one commit: where both sides parted is not in it.
deepen() {
  git merge-base "$base" HEAD >/dev/null 2>&1 && return 0
  [ "$(git rev-parse --is-shallow-repository)" = true ] || return 0
  git fetch --quiet --unshallow --tags origin || return 0
}

# The words of $policyc and $paths are meant to be split.
# shellcheck disable=SC2086
check() {
  $policyc check $paths --format sarif >"$reports/check.sarif"
  $policyc check $paths
}

# shellcheck disable=SC2086
tests() {
  $policyc test $paths --format junit >"$reports/tests.xml"
  $policyc test $paths
}

# shellcheck disable=SC2086
difference() {
  deepen
  set -- "$base...HEAD" --output "$reports/diff.md" --output "$reports/diff.json" --output "$reports/diff.sarif" --output "$reports/diff.html"
  [ -z "${POLICYC_FAIL_ON:-}" ] || set -- "$@" --fail-on "$POLICYC_FAIL_ON"
  [ -z "${POLICYC_INVENTORY:-}" ] || set -- "$@" --inventory "$POLICYC_INVENTORY"
  [ -z "${POLICYC_FLOWS:-}" ] || set -- "$@" --flows "$POLICYC_FLOWS"
  $policyc diff "$@" -- $paths
}

# shellcheck disable=SC2086
main() {
  $policyc --version >/dev/null || { echo "policyc does not run as \`$policyc\`" >&2; exit 2; }
  mkdir -p "$reports" || exit 2
  step check check
  step format $policyc fmt --check $paths
  if $policyc help lint >/dev/null 2>&1; then step lint $policyc lint $paths; fi
  step test tests
  if [ -n "${POLICYC_BUNDLE:-}" ]; then step build $policyc build $paths --output "$POLICYC_BUNDLE"; fi
  if [ -n "$base" ]; then step diff difference; fi
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$reports/diff.md" ]; then cat "$reports/diff.md" >>"$GITHUB_STEP_SUMMARY"; fi
  if [ -n "$failed" ]; then
    printf '\nfailed:%s\n' "$failed"
    exit 1
  fi
}

main
