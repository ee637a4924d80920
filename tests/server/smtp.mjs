// A mail server that keeps what it takes, and whose faults are told to it: a script of answers, one
// for each message, and "take" when it ends. "450 text", "550 text": said to RCPT; "data 451 text":
// after the message; "cut": the connection ends after the message was taken in, without an answer;
// "slow N": takes it after N ms.

import net from 'node:net';
import tls from 'node:tls';

export class Smtp {
  constructor({ secure = null, login = null } = {}) {
    this.secure = secure; // {key, cert}: STARTTLS is offered
    this.login = login; // "user\0password"
    this.script = [];
    this.messages = []; // {to, from, text, raw, tls}
    this.connections = 0;
    this.commands = [];
    this.sockets = new Set();
  }

  async listen() {
    this.server = net.createServer((socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      this.talk(socket, false);
      socket.write('220 sink ESMTP\r\n');
    });
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.port = this.server.address().port;
    return this;
  }

  async close() {
    for (const s of this.sockets) s.destroy();
    await new Promise((done) => { this.server.close(done); });
  }

  talk(socket, encrypted) {
    const state = { left: '', data: null, to: [], known: !this.login, encrypted };
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    const onData = (chunk) => {
      state.left += chunk;
      for (let end = state.left.indexOf('\r\n'); end >= 0; end = state.left.indexOf('\r\n')) {
        const line = state.left.slice(0, end);
        state.left = state.left.slice(end + 2);
        if (state.asked) this.logIn(socket, state, line);
        else if (state.data) this.dataLine(socket, state, line);
        else if (/^STARTTLS$/i.test(line) && this.secure && !encrypted) {
          socket.write('220 go\r\n');
          socket.removeListener('data', onData);
          socket.setEncoding(null);
          this.talk(new tls.TLSSocket(socket, { isServer: true, ...this.secure }), true);
          return;
        } else this.command(socket, state, line);
      }
    };
    socket.on('data', onData);
  }

  command(socket, state, line) {
    const verb = line.slice(0, 4).toUpperCase();
    const say = (text) => socket.write(`${text}\r\n`);
    this.commands.push(verb);
    if (verb === 'EHLO') {
      say(`250-sink\r\n${this.secure && !state.encrypted ? '250-STARTTLS\r\n' : ''}${this.login ? '250-AUTH PLAIN\r\n' : ''}250 8BITMIME`);
    } else if (verb === 'AUTH') {
      const [, , word] = line.split(' ');
      if (word) this.logIn(socket, state, word);
      else {
        state.asked = true;
        say('334 ');
      }
    } else if (verb === 'MAIL') {
      state.from = line;
      state.to = [];
      say(state.known ? '250 ok' : '530 log in');
    } else if (verb === 'RCPT') {
      state.step = this.script.shift() || 'take';
      if (/^[45]\d\d/.test(state.step)) say(state.step);
      else {
        state.to.push(/<([^>]*)>/.exec(line)[1]);
        say('250 ok');
      }
    } else if (verb === 'DATA') {
      state.data = [];
      say('354 go on');
    } else if (verb === 'QUIT') {
      say('221 bye');
      socket.end();
    } else say(verb === 'RSET' || verb === 'NOOP' ? '250 ok' : '502 no');
  }

  logIn(socket, state, word) {
    state.asked = false;
    state.known = Buffer.from(word, 'base64').toString().slice(1) === this.login;
    socket.write(state.known ? '235 ok\r\n' : '535 no\r\n');
  }

  dataLine(socket, state, line) {
    if (line !== '.') {
      state.data.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    const raw = state.data.join('\r\n');
    const at = raw.indexOf('\r\n\r\n');
    state.data = null;
    const refusal = /^data (.*)/.exec(state.step);
    if (refusal) {
      socket.write(`${refusal[1].replace('BODY', unquote(raw.slice(at + 4)).replace(/\s+/g, ' '))}\r\n`);
      return;
    }
    const slow = /^slow (\d+)/.exec(state.step);
    const take = () => {
      if (socket.destroyed) return;
      this.messages.push({
        to: state.to[0], from: state.from, raw, head: raw.slice(0, at), text: unquote(raw.slice(at + 4)), tls: state.encrypted,
      });
      if (state.step === 'cut') socket.destroy();
      else socket.write('250 taken\r\n');
    };
    if (slow) setTimeout(take, Number(slow[1]));
    else take();
  }
}

// Quoted-printable, UTF-8.
export function unquote(text) {
  const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
