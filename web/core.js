// The page's side of the worker: core.NAME(...args) is a promise of the operation's answer.

const workers = ['/worker.js', '/verifier.js'];
const policy = globalThis.trustedTypes
  ? trustedTypes.createPolicy('tapat', { createScriptURL: (u) => (workers.includes(u) ? u : '') })
  : { createScriptURL: (u) => u };

export function newWorker(url) {
  return new Worker(policy.createScriptURL(url), { type: 'module' });
}

export class Missing extends Error {}

export async function startCore() {
  if (typeof WebAssembly !== 'object' || !globalThis.crypto || !crypto.getRandomValues
    || typeof Worker !== 'function') throw new Missing();
  const waiting = new Map();
  let last = 0;
  const worker = newWorker('/worker.js');
  const failAll = () => {
    for (const { reject } of waiting.values()) reject(new Missing());
    waiting.clear();
  };
  worker.addEventListener('error', failAll);
  worker.addEventListener('message', ({ data }) => {
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    if ('error' in data) reject(new Error(data.error));
    else resolve(data.value);
  });
  const call = (name) => (...args) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    worker.postMessage({ id: last, name, args });
  });
  const core = new Proxy({ stop: () => worker.terminate() }, {
    // `then` must stay absent: the proxy is awaited as a plain value
    get: (target, name) => (name in target ? target[name] : name === 'then' ? undefined : call(name)),
  });
  try {
    await core.load();
  } catch {
    worker.terminate();
    throw new Missing();
  }
  return core;
}
