// The HTTP interface (spec chapter 10). Every refusal comes out as a Refusal with the fault's code.

export class Refusal extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status; // 0: no answer came
    this.code = problem.code || '';
    this.problem = problem;
  }
}

const TIMEOUT_MS = 45000;

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
    });
  } catch {
    throw new Refusal(0, { code: 'network' });
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, problem && typeof problem === 'object' ? problem : {});
}

async function body(answer, how) {
  try {
    return await answer[how]();
  } catch {
    throw new Refusal(0, { code: 'network' });
  }
}

export async function getJson(path) {
  return body(await request(path), 'json');
}

export async function getBytes(path) {
  return new Uint8Array(await body(await request(path), 'arrayBuffer'));
}

export async function getText(path) {
  return body(await request(path), 'text');
}

// null where the thing does not exist (yet).
export async function optional(promise) {
  try {
    return await promise;
  } catch (e) {
    if (e instanceof Refusal && e.status === 404) return null;
    throw e;
  }
}

export async function post(path, value) {
  const headers = { 'content-type': 'application/json' };
  return body(await request(path, { method: 'POST', headers, body: JSON.stringify(value) }), 'json');
}

export async function postForBytes(path, value) {
  const headers = { 'content-type': 'application/json' };
  return new Uint8Array(await body(await request(path, { method: 'POST', headers, body: JSON.stringify(value) }), 'arrayBuffer'));
}

export async function postBytes(path, bytes) {
  const headers = { 'content-type': 'application/octet-stream' };
  return body(await request(path, { method: 'POST', headers, body: bytes }), 'json');
}
