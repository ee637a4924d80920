// The certified oidc-provider on the loopback, for tests, and what a person's browser does there.
import crypto from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';

import { Provider } from 'oidc-provider';

export const listen = async (handler, port = 0) => {
  const server = http.createServer(handler).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

export function realProvider(port, jwk, redirect) {
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: 'tapat',
        client_secret: 'a secret of sixteen or more',
        redirect_uris: [redirect],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: jwk.alg,
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['test'] },
    claims: { openid: ['sub', 'number'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: `person ${id}`, number: id }) }),
  });
  return provider.callback();
}

// What a person's browser does at the provider: cookies, redirects, the two forms.
export async function signIn(location, login) {
  const cookies = new Map();
  const go = async (url, form) => {
    const answer = await fetch(url, {
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') },
    });
    for (const c of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(c);
      cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    return next ? new URL(next, url) : answer.text();
  };
  let at = new URL(location);
  for (let i = 0; i < 12; i += 1) {
    if (at.searchParams.has('code') || at.searchParams.has('error')) return at.searchParams;
    const next = await go(at);
    if (next instanceof URL) {
      at = next;
    } else {
      const prompt = /name="prompt" value="(\w+)"/.exec(next)[1];
      at = await go(at, prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
    }
  }
  throw new Error('the provider leads nowhere');
}
export const newKey = (kid, alg) => {
  const kind = alg === 'ES256' ? ['ec', { namedCurve: 'prime256v1' }] : ['rsa', { modulusLength: 2048 }];
  const { privateKey } = crypto.generateKeyPairSync(...kind);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
};
