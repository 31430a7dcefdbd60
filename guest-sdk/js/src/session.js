// Sessions: the one place where a servlet remembers something. Values are stored as JSON text, which ladders show and
// servlets in other languages read.

import { Request } from './message.js';
import { fail } from './error.js';
import { decode, encode } from './text.js';

/** The name of a session attribute; in TypeScript also the type of what is stored there. */
export class Attribute {
  constructor(name) {
    this.name = name;
  }
}

const nameOf = (attribute) => (attribute instanceof Attribute ? attribute.name : attribute);

class Session {
  /** @internal */
  constructor(turn, handle) {
    this._turn = turn;
    this._handle = handle;
  }

  _ask(call) {
    return this._turn.ask(() => call(this._handle));
  }

  get id() {
    return this._ask((handle) => handle.id());
  }

  get isValid() {
    return this._ask((handle) => handle.isValid());
  }

  get(attribute) {
    const name = nameOf(attribute);
    const stored = this._ask((handle) => handle.getAttribute(name));
    if (stored === undefined || stored === null) return undefined;
    try {
      return JSON.parse(decode(Uint8Array.from(stored)));
    } catch (error) {
      return fail(`attribute ${JSON.stringify(name)}: ${error.message}`);
    }
  }

  set(attribute, value) {
    const name = nameOf(attribute);
    const json = JSON.stringify(value);
    if (json === undefined) fail(`attribute ${JSON.stringify(name)}: JSON cannot express ${typeof value}`);
    this._ask((handle) => handle.setAttribute(name, encode(json)));
  }

  remove(attribute) {
    this._ask((handle) => handle.removeAttribute(nameOf(attribute)));
  }

  get attributeNames() {
    return this._ask((handle) => handle.attributeNames());
  }

  get invalidateWhenReady() {
    return this._ask((handle) => handle.invalidateWhenReady());
  }

  set invalidateWhenReady(on) {
    this._ask((handle) => handle.setInvalidateWhenReady(Boolean(on)));
  }

  invalidate() {
    this._ask((handle) => handle.invalidate());
  }
}

export class SipSession extends Session {
  get state() {
    return this._ask((handle) => handle.state());
  }

  get callId() {
    return this._ask((handle) => handle.callId());
  }

  get localParty() {
    return decode(Uint8Array.from(this._ask((handle) => handle.localParty())));
  }

  get remoteParty() {
    return decode(Uint8Array.from(this._ask((handle) => handle.remoteParty())));
  }

  get applicationSession() {
    return new ApplicationSession(this._turn, this._turn.take(() => this._handle.applicationSession()));
  }

  createRequest(method) {
    return new Request(this._turn, this._turn.take(() => this._handle.createRequest(method)));
  }
}

export class ApplicationSession extends Session {
  get sessions() {
    const handles = this._ask((handle) => handle.sessions());
    return [...handles].map((handle) => new SipSession(this._turn, this._turn.take(() => handle)));
  }

  createRequest(method, from, to) {
    const handle = this._turn.take(() => this._handle.createRequest(method, String(from), String(to)));
    return new Request(this._turn, handle);
  }

  get expiresAt() {
    const millis = this._ask((handle) => handle.expiresAt());
    return millis === undefined || millis === null ? undefined : new Date(Number(millis));
  }

  setExpires(seconds) {
    this._ask((handle) => handle.setExpires(seconds));
  }
}
