// What an author imports.

export { Address, Uri } from './address.js';
export { SipletError, fail } from './error.js';
export { log, now, random } from './host.js';
export { Message, Request, Response } from './message.js';
export { Config, Servlet } from './servlet.js';
export { ApplicationSession, Attribute, AttributeChange, ServletTimer, SipSession } from './session.js';
