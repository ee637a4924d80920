// The C core as a class: bytes in, bytes out. Used by the page's worker and by the tests in node.

export const CODE_SYMBOLS = 25; // recovery code and tracker
export const FINGERPRINT_SYMBOLS = 20;
export const LETTER_SYMBOLS = 20;
const CODE_TEXT = 40;

export class CoreError extends Error {
  constructor(err) {
    super(['ok', 'malformed', 'invalid', 'refused', 'too big', 'system'][err] || 'unknown');
    this.err = err;
  }
}

export class Core {
  constructor(module) {
    this.module = module;
    this.x = new WebAssembly.Instance(module, {}).exports;
  }

  // Runs fn with `put` (bytes -> address) and `room` (length -> address), then wipes the memory.
  call(fn) {
    const { x } = this;
    const room = (len) => {
      const at = x.web_alloc(len);
      if (!at) throw new CoreError(5);
      return at;
    };
    const put = (bytes) => {
      const at = room(bytes.length);
      new Uint8Array(x.memory.buffer).set(bytes, at);
      return at;
    };
    const get = (at, len) => new Uint8Array(x.memory.buffer).slice(at, at + len);
    try {
      return fn({ x, room, put, get, must, text: (at) => asText(get(at, CODE_TEXT)) });
    } finally {
      x.web_reset();
    }
  }

  sha256(bytes) {
    return this.call(({ x, room, put, get }) => {
      const out = room(32);
      x.web_sha256(out, put(bytes), bytes.length);
      return get(out, 32);
    });
  }

  codeWrite(bytes, symbols = CODE_SYMBOLS) {
    return this.call(({ x, room, put, text }) => {
      const out = room(CODE_TEXT);
      x.web_code_write(out, put(bytes), symbols);
      return text(out);
    });
  }

  // null if it is not such a code.
  codeRead(code, symbols = CODE_SYMBOLS) {
    return this.call(({ x, room, put, get }) => {
      const letters = new TextEncoder().encode(code);
      const out = room(16);
      return x.web_code_read(out, symbols, put(letters), letters.length) ? null : get(out, 16);
    });
  }

  // In a fresh instance, which is dropped: its memory grows by 19 MiB.
  derive(code, fingerprint) {
    return new Core(this.module).call(({ x, room, put, get, must: ok }) => {
      const [secret, key] = [room(32), room(32)];
      ok(x.web_derive(secret, key, put(code), put(fingerprint)));
      return { secret: get(secret, 32), key: get(key, 32) };
    });
  }

  possession(secret, key, fingerprint, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const out = room(64);
      ok(x.web_possession(out, put(secret), put(key), put(fingerprint), put(random)));
      return get(out, 64);
    });
  }

  // The signature with which the voter asks where the credential stands, at this time (seconds).
  ask(secret, key, fingerprint, time, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const out = room(64);
      ok(x.web_ask(out, put(secret), put(key), put(fingerprint), BigInt(time), put(random)));
      return get(out, 64);
    });
  }

  credentialFingerprint(key, fingerprint) {
    return this.call(({ x, room, put, text }) => {
      const out = room(CODE_TEXT);
      x.web_credential_fingerprint(out, put(key), put(fingerprint));
      return text(out);
    });
  }

  // The key pair of a letter, from what codeRead gives of its code.
  letterKey(code, fingerprint) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const [secret, key] = [room(32), room(32)];
      ok(x.web_letter_key(secret, key, put(fingerprint), put(code)));
      return { secret: get(secret, 32), key: get(key, 32) };
    });
  }

  letterSign(secret, fingerprint, credential, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const out = room(64);
      ok(x.web_letter_sign(out, put(fingerprint), put(credential), put(secret), put(random)));
      return get(out, 64);
    });
  }

  // What the identity provider signs for a login that asks for this credential.
  loginNonce(fingerprint, credential, blind) {
    return this.call(({ x, room, put, get }) => {
      const out = room(32);
      x.web_login_nonce(out, put(fingerprint), put(credential), put(blind));
      return get(out, 32);
    });
  }

  // ---- a registrar's desk ----

  // The seed in a key file's box, in a fresh instance: its memory grows by 64 MiB. null: another
  // passphrase.
  unlock(box, phrase, salt) {
    return new Core(this.module).call(({ x, room, put, get, must: ok }) => {
      const letters = new TextEncoder().encode(phrase);
      const out = room(32);
      const err = x.web_unlock(out, put(box), put(letters), letters.length, put(salt));
      if (err === 2) return null;
      ok(err);
      return get(out, 32);
    });
  }

  registrar(seed) {
    return this.call(({ x, room, put, get }) => {
      const out = room(128);
      x.web_registrar(out, put(seed));
      const [sign, key, open, openKey] = [0, 32, 64, 96].map((at) => get(out + at, 32));
      return { sign, key, open, openKey };
    });
  }

  registrarAsk(secret, fingerprint, time, subject, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const out = room(64);
      ok(x.web_registrar_ask(out, subject ? 1 : 0, put(fingerprint), BigInt(time), put(subject || new Uint8Array(1)),
        subject ? subject.length : 0, put(secret), put(random)));
      return get(out, 64);
    });
  }

  approve(secret, fingerprint, { credential, possession, unit, style }, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const out = room(64);
      ok(x.web_approve(out, put(credential), put(possession), unit, style, put(fingerprint), put(secret), put(random)));
      return get(out, 64);
    });
  }

  refuse(secret, fingerprint, { application, credential, reason, time }, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const out = room(64);
      ok(x.web_refuse(out, put(application), put(credential), reason, BigInt(time), put(fingerprint), put(secret), put(random)));
      return get(out, 64);
    });
  }

  // The head of a box and the AES key for its bytes; keys: all registrars', 32 bytes each.
  sealDocument({ fingerprint, application, credential, kind }, keys, random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const n = keys.length / 32;
      const [head, aes] = [room(64 + 32 * n), room(32)];
      ok(x.web_document_seal(head, aes, put(fingerprint), put(application), put(credential), kind, put(keys), n, put(random)));
      return { head: get(head, 64 + 32 * n), aes: get(aes, 32) };
    });
  }

  // The AES key of a box, for registrar 1..registrars.
  openDocument(secret, { fingerprint, application, credential, kind }, head, registrars, registrar) {
    return this.call(({ x, room, put, get, must: ok }) => {
      const aes = room(32);
      ok(x.web_document_open(aes, put(fingerprint), put(application), put(credential), kind, put(head), registrars, registrar, put(secret)));
      return get(aes, 32);
    });
  }

  keyDigest(fingerprint, y, vHash) {
    return this.call(({ x, room, put, get }) => {
      const out = room(32);
      x.web_key_digest(out, put(fingerprint), put(y), y.length, put(vHash));
      return get(out, 32);
    });
  }

  confirmed(fingerprint, digest, trustee, trusteeKey, signature) {
    return this.call(({ x, put }) => x.web_confirmation(put(fingerprint), put(digest), trustee,
      put(trusteeKey), put(signature)) === 0);
  }

  // contests: [{ index, n, a, b, y }]; choices: one 0 or 1 per option, contest after contest.
  seal({ style, fingerprint, digest, contests }, { secret, key, unit, sequence, previous }, choices,
    random) {
    return this.call(({ x, room, put, get, must: ok }) => {
      x.web_style(style, put(fingerprint), put(digest));
      for (const c of contests) ok(x.web_style_contest(c.index, c.n, c.a, c.b, put(c.y)));
      ok(x.web_style_ready());
      const size = x.web_ballot_size();
      const out = room(size);
      ok(x.web_seal(out, put(secret), put(key), unit, sequence, put(previous), put(choices),
        put(random)));
      return get(out, size);
    });
  }

  ballotHash(ballot) {
    return this.call(({ x, room, put, get }) => {
      const out = room(32);
      x.web_ballot_hash(out, put(ballot), ballot.length);
      return get(out, 32);
    });
  }

  tracker(ballot) {
    return this.call(({ x, room, put, text }) => {
      const out = room(CODE_TEXT);
      x.web_ballot_tracker(out, put(ballot), ballot.length);
      return text(out);
    });
  }

  promiseHolds(p, logKey, fingerprint) {
    return this.call(({ x, put }) => x.web_promise(put(p.signature), put(logKey), put(fingerprint),
      put(p.ballotHash), put(p.credential), p.sequence, BigInt(p.deadline)) === 0);
  }

  // Is this board entry the ballot with this hash and number, signed by this credential?
  isTip(entry, { fingerprint, key, hash, sequence }) {
    return this.call(({ x, put }) => x.web_tip(put(entry), entry.length, put(fingerprint), put(key),
      put(hash), sequence) === 0);
  }

  leaf(entry) {
    return this.call(({ x, room, put, get }) => {
      const out = room(32);
      x.web_leaf(out, put(entry), entry.length);
      return get(out, 32);
    });
  }

  included(leaf, index, size, root, proof) {
    return this.call(({ x, put }) => x.web_inclusion(put(leaf), BigInt(index), BigInt(size),
      put(root), put(proof), proof.length / 32) === 0);
  }

  root(leaves) {
    return this.call(({ x, room, put, get }) => {
      const out = room(32);
      x.web_root(out, put(leaves), leaves.length / 32);
      return get(out, 32);
    });
  }

  // A C2SP signed note with a checkpoint: { size, root } if the log's key signed it and a quorum of
  // its witnesses cosigned it, else null. log: { origin, key, witnesses: [{ name, key }], quorum }.
  checkpoint(note, log) {
    return this.call(({ x, room, put, get }) => {
      const utf8 = (s) => new TextEncoder().encode(s);
      const [text, name] = [note, log.origin].map(utf8);
      const witnesses = Uint8Array.from(log.witnesses.flatMap((w) => {
        const called = utf8(w.name);
        return [...w.key, called.length, ...called];
      }));
      const [size, root] = [room(8), room(32)];
      if (x.web_checkpoint(size, root, put(text), text.length, put(name), name.length, put(log.key),
        put(witnesses), witnesses.length, log.quorum)) return null;
      const value = new DataView(x.memory.buffer).getBigUint64(size, true);
      return value <= Number.MAX_SAFE_INTEGER ? { size: Number(value), root: get(root, 32) } : null;
    });
  }
}

function must(err) {
  if (err) throw new CoreError(err);
}

function asText(bytes) {
  return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
}
