// Addresses and URIs by their parts. Parts are texts as they stand, escapes and all.

import { SipletError } from './error.js';
import { split } from './view.js';

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)|\[[0-9A-Fa-f:.]+\])$/;
// RFC 3261 §25.1, the characters of a token.
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
// RFC 3261 §25.1: unreserved, escaped and user-unreserved characters, and a password behind a colon.
const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:#]|%[0-9A-Fa-f]{2})+$/;
const FORBIDDEN = /[\s<>"\u0000-\u001f]/;

/** A URI; only `sip` and `sips` have all parts. */
export class Uri {
  #text;

  static parse(text) {
    const uri = new Uri();
    uri.#text = String(text);
    if (!uri.#read()) throw new SipletError('invalid-address', `${JSON.stringify(String(text))} is no URI`);
    return uri;
  }

  #read() {
    const text = this.#text;
    const colon = text.indexOf(':');
    if (colon < 1 || FORBIDDEN.test(text)) return false;
    const scheme = text.slice(0, colon);
    if (!SCHEME.test(scheme)) return false;
    const known = ['sip', 'sips', 'tel'].includes(scheme.toLowerCase());
    this.scheme = known ? scheme.toLowerCase() : scheme;
    this.opaque = text.slice(colon + 1);
    this.user = undefined;
    this.host = '';
    this.port = undefined;
    this.params = new Map();
    this.headers = '';
    if (this.scheme === 'tel') {
      this.params = params(this.opaque.split(';').slice(1));
      return this.opaque !== '';
    }
    return this.scheme === 'sip' || this.scheme === 'sips' ? this.#readSip() : this.opaque !== '';
  }

  #readSip() {
    const at = this.opaque.lastIndexOf('@');
    let rest = this.opaque.slice(at + 1);
    if (at >= 0) {
      const user = this.opaque.slice(0, at);
      if (!USER.test(user)) return false;
      this.user = user.split(':', 1)[0];
      this.password = user.includes(':') ? user.slice(user.indexOf(':') + 1) : undefined;
    }
    const question = rest.indexOf('?');
    if (question >= 0) {
      this.headers = rest.slice(question + 1);
      rest = rest.slice(0, question);
    }
    const [hostPort, ...parameters] = rest.split(';');
    this.params = params(parameters);
    const port = /:(\d{1,5})$/.exec(hostPort);
    this.host = port ? hostPort.slice(0, port.index) : hostPort;
    if (port) this.port = Number(port[1]);
    return HOST.test(this.host) && !(this.port > 65535);
  }

  /** The value of the URI parameter of that name in any case; empty for a name alone; undefined when it is not there. */
  param(name) {
    return this.params.get(name.toLowerCase());
  }

  /** Whether both mean the same by the rules of RFC 3261 §19.1.4. A text that is no URI is never the same. */
  isSame(other) {
    let that;
    try {
      that = other instanceof Uri ? other : Uri.parse(other);
    } catch {
      return false;
    }
    if (this.scheme !== that.scheme) return false;
    if (this.scheme !== 'sip' && this.scheme !== 'sips') return this.opaque.toLowerCase() === that.opaque.toLowerCase();
    return (
      unescaped(this.user) === unescaped(that.user) &&
      unescaped(this.password) === unescaped(that.password) &&
      this.host.toLowerCase() === that.host.toLowerCase() &&
      this.port === that.port &&
      sameParams(this.params, that.params) &&
      sameHeaders(this.headers, that.headers)
    );
  }

  toString() {
    return this.#text;
  }
}

/** One value of From, To, Contact and their kin (RFC 3261 §20.10). */
export class Address {
  #text;

  static parse(text) {
    const address = new Address();
    address.#text = String(text).trim();
    if (!address.#read()) throw new SipletError('invalid-address', `${JSON.stringify(String(text))} is no address`);
    return address;
  }

  /** The first value of a list. */
  static first(list) {
    for (const value of split(list)) return Address.parse(value);
    return Address.parse(list);
  }

  #read() {
    const text = this.#text;
    const open = openBracket(text);
    this.displayName = undefined;
    let rest;
    if (open < 0) {
      // RFC 3261 §20.10: without brackets, what stands behind a semicolon belongs to the header and not to the URI.
      const semicolon = text.indexOf(';');
      this.uriText = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
      rest = semicolon < 0 ? '' : text.slice(semicolon);
    } else {
      const close = text.indexOf('>', open);
      if (close < 0) return false;
      const name = text.slice(0, open).trim();
      if (name !== '') this.displayName = name.startsWith('"') ? unquoted(name) : name;
      this.uriText = text.slice(open + 1, close);
      rest = text.slice(close + 1).trim();
    }
    if (rest !== '' && !rest.startsWith(';')) return false;
    this.params = params(parameters(rest));
    try {
      this.uri = Uri.parse(this.uriText);
    } catch {
      return this.uriText === '*';
    }
    return true;
  }

  /** The tag (RFC 3261 §19.3). */
  get tag() {
    return this.params.get('tag');
  }

  /** The value of the header parameter of that name in any case, without quotes; empty for a name alone. */
  param(name) {
    return this.params.get(name.toLowerCase());
  }

  toString() {
    return this.#text;
  }
}

/** Where the URI's bracket opens, past a quoted display name. */
function openBracket(text) {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (quoted && text[at] === '\\') at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (!quoted && text[at] === '<') return at;
  }
  return -1;
}

/** `;a=1;b="x;y"` as `a=1` and `b="x;y"`. */
function parameters(text) {
  const found = [];
  let start = 1;
  let quoted = false;
  for (let at = 1; at <= text.length; at += 1) {
    if (quoted && text[at] === '\\') at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (at === text.length || (!quoted && text[at] === ';')) {
      found.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return found;
}

function params(list) {
  const map = new Map();
  for (const param of list) {
    const equals = param.indexOf('=');
    const name = (equals < 0 ? param : param.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? '' : param.slice(equals + 1).trim();
    if (name !== '' && !map.has(name)) map.set(name, value.startsWith('"') ? unquoted(value) : value);
  }
  return map;
}

function unquoted(text) {
  return text.replace(/^"|"$/g, '').replace(/\\(.)/gs, '$1');
}

function unescaped(text) {
  return text?.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex) => {
    const letter = String.fromCharCode(parseInt(hex, 16));
    return TOKEN.test(letter) ? letter : whole.toUpperCase();
  });
}

// RFC 3261 §19.1.4: these count also where only one side has them; others only where both have them.
const ALWAYS_COMPARED = ['user', 'ttl', 'method', 'maddr', 'transport'];

function sameParams(these, those) {
  const names = new Set([...these.keys(), ...those.keys()]);
  for (const name of names) {
    const [one, other] = [these.get(name), those.get(name)];
    if (one === undefined || other === undefined) {
      if (ALWAYS_COMPARED.includes(name)) return false;
    } else if (unescaped(one).toLowerCase() !== unescaped(other).toLowerCase()) return false;
  }
  return true;
}

function sameHeaders(these, those) {
  const sorted = (headers) => headers.split('&').map((header) => unescaped(header).toLowerCase()).sort().join('&');
  return sorted(these) === sorted(those);
}
