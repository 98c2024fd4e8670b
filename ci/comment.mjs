#!/usr/bin/env node
// Posts a review as a comment on a pull request of GitHub or a merge request of GitLab; an earlier comment of its own is written over,
// so that there is always one. Plain JavaScript without dependencies.
//
//   node ci/comment.mjs policyc-reports/diff.md
//
// On GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, and the number of the pull request in POLICYC_PULL_REQUEST.
// On GitLab: POLICYC_GITLAB_TOKEN (a token that may write notes), CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID.
import { readFileSync } from 'node:fs';

/** Every review begins with it (src/compiler/cli/diff-markdown.ts). */
const mark = '<!-- policyc diff -->';
/** Comments on one page, and pages that are looked through. */
const [pageSize, mostPages] = [100, 30];

class PostError extends Error {}

/** @param {string} name */
function wanted(name) {
  const value = process.env[name];
  if (!value) throw new PostError(`${name} is not set`);
  return value;
}

/**
 * @param {string} method
 * @param {string} url
 * @param {{ headers: Record<string, string>, body?: object }} options
 */
async function request(method, url, { headers, body }) {
  const answer = await fetch(url, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json', 'user-agent': 'policyc', ...headers },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new PostError(`${method} ${new URL(url).pathname}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  return answer.json();
}

/** Where comments of this request are, and how one is written over. */
function service() {
  if (process.env['CI_API_V4_URL']) {
    const notes = `${wanted('CI_API_V4_URL')}/projects/${encodeURIComponent(wanted('CI_PROJECT_ID'))}/merge_requests/${wanted('CI_MERGE_REQUEST_IID')}/notes`;
    return { list: notes, edit: (id) => `${notes}/${id}`, editMethod: 'PUT', headers: { 'private-token': wanted('POLICYC_GITLAB_TOKEN') } };
  }
  const repository = `${process.env['GITHUB_API_URL'] || 'https://api.github.com'}/repos/${wanted('GITHUB_REPOSITORY')}/issues`;
  return {
    list: `${repository}/${wanted('POLICYC_PULL_REQUEST')}/comments`,
    edit: (id) => `${repository}/comments/${id}`,
    editMethod: 'PATCH',
    headers: { authorization: `Bearer ${wanted('GITHUB_TOKEN')}` },
  };
}

async function post(file) {
  const body = readFileSync(file, 'utf8');
  if (!body.startsWith(mark)) throw new PostError(`\`${file}\` is no review of \`policyc diff --format markdown\``);
  const { list, edit, editMethod, headers } = service();
  for (let page = 1; page <= mostPages; page++) {
    const comments = await request('GET', `${list}?per_page=${pageSize}&page=${page}`, { headers });
    const own = comments.find((comment) => typeof comment.body === 'string' && comment.body.startsWith(mark));
    if (own) return request(editMethod, edit(own.id), { headers, body: { body } });
    if (comments.length < pageSize) break;
  }
  return request('POST', list, { headers, body: { body } });
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node ci/comment.mjs REVIEW.md');
  process.exit(2);
}
try {
  await post(file);
  console.log('the review is posted');
} catch (error) {
  console.error(`the review is not posted: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
