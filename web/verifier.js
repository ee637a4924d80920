// A worker of the verifier. One of them runs the whole of it and waits for the others, which help
// with ballots; all run the same module over one memory (web/wasm/verify). Files are read where they
// are needed, one after the other, and not kept.

const TRIES = 6;
const MISSING = -1;
const FAILED = -2;
const PLAIN = 1 << 16;
const REPORT_MAX = 1 << 15;
const STACK = 1 << 20;
const VERDICTS = ['ok', 'FAIL', 'not yet'];

let memory;
let source;
let instance;
let taken = null; // the file that was opened last

const text = (at, len) => new TextDecoder().decode(new Uint8Array(memory.buffer).slice(at, at + len));
const into = (at, bytes) => new Uint8Array(memory.buffer).set(bytes, at);

function sleep(ms) {
  const cell = new Int32Array(memory.buffer, 0, 1);
  Atomics.wait(cell, 0, Atomics.load(cell, 0), ms);
}

// A busy server is asked again.
function fromServer(name) {
  for (let i = 0; i < TRIES; i += 1) {
    if (i) sleep(250 * 2 ** i);
    const request = new XMLHttpRequest();
    request.open('GET', `/board/${name}`, false);
    request.responseType = 'arraybuffer';
    try {
      request.send();
    } catch {
      continue;
    }
    if (request.status === 200) return new Uint8Array(request.response);
    if (request.status === 404) return null;
  }
  throw new Error('network');
}

function read(name) {
  const blob = source.files.get(name);
  if (blob) return new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob));
  return source.server ? fromServer(name) : null;
}

const host = {
  open(name, len) {
    taken = null;
    try {
      taken = read(text(name, len));
    } catch {
      return FAILED;
    }
    return taken ? taken.length : MISSING;
  },
  take(to) {
    into(to, taken);
    taken = null;
  },
  list(i, out, cap) {
    if (i >= source.list.length) return MISSING;
    const [name, plain] = source.list[i];
    const bytes = new TextEncoder().encode(name).slice(0, cap);
    into(out, bytes);
    return bytes.length + (plain ? PLAIN : 0);
  },
  progress(what, len, done, total) {
    self.postMessage({ progress: { what: text(what, len), done, total } });
  },
  random(out, len) {
    into(out, crypto.getRandomValues(new Uint8Array(len)));
  },
};

// In a page that is not isolated memory cannot be shared, and there are no helpers.
function ownMemory() {
  for (const maximum of [65536, 32768, 16384]) {
    try {
      return new WebAssembly.Memory({ initial: 64, maximum, shared: true });
    } catch {
      // the browser does not set that much aside
    }
  }
  throw new Error('memory');
}

function report(bytes) {
  let at = 33;
  const word = () => {
    const end = bytes.indexOf(0, at);
    const s = new TextDecoder().decode(bytes.slice(at, end));
    at = end + 1;
    return s;
  };
  const checks = [];
  while (at < bytes.length) {
    const verdict = VERDICTS[bytes[at]];
    at += 1;
    const [check, code, where, detail] = [word(), word(), word(), word()];
    checks.push({ check, verdict, ...(verdict === 'FAIL' ? { code, where } : {}), detail });
  }
  const fingerprint = Array.from(bytes.slice(1, 33), (b) => b.toString(16).padStart(2, '0')).join('');
  return { fingerprint, verified: bytes[0] === 0, checks, memory: memory.buffer.byteLength };
}

function run(known, helpers) {
  const out = instance.exports.verify_room(REPORT_MAX);
  let at = 0;
  if (known) {
    at = instance.exports.verify_room(32);
    into(at, known);
  }
  const len = instance.exports.verify_run(out, at, helpers);
  if (!len) throw new Error('report');
  return report(new Uint8Array(memory.buffer).slice(out, out + len));
}

const operations = {
  // The worker that leads: makes the memory and a stack for each helper.
  lead({ module, files, helpers }) {
    source = files;
    memory = ownMemory();
    instance = new WebAssembly.Instance(module, { env: { memory }, host });
    const stacks = [];
    for (let i = 0; i < helpers; i += 1) {
      const low = instance.exports.verify_room(STACK);
      if (!low) throw new Error('memory');
      stacks.push(low + STACK);
    }
    self.postMessage({ ready: true, memory: helpers ? memory : null, stacks });
  },
  help({ module, files, shared, stack, worker }) {
    source = files;
    memory = shared;
    instance = new WebAssembly.Instance(module, { env: { memory }, host });
    instance.exports.__stack_pointer.value = stack;
    self.postMessage({ ready: true });
    instance.exports.verify_help(worker);
  },
  run({ known, helpers }) {
    self.postMessage({ report: run(known, helpers) });
  },
};

self.addEventListener('message', ({ data }) => {
  try {
    operations[data.do](data);
  } catch (e) {
    self.postMessage({ failed: String(e && e.message) });
  }
});
