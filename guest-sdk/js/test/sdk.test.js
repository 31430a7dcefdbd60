import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import * as sdk from '../src/index.js';
import { Address, Attribute, Servlet, SipletError, Uri, fail } from '../src/index.js';
import { serve } from '../src/entry.js';
import { FakeHost } from '../src/fake.js';
import { HEADERS, isList } from '../src/headers.js';
import { allowOf, HANDLERS, handlersOf, witName } from '../src/servlet.js';
import { decodeSlowly, encodeSlowly } from '../src/text.js';
import { split } from '../src/view.js';

const checkout = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('the table of headers is that of the host', () => {
  const source = checkout('host/sip/src/header.rs');
  const theirs = [...source.matchAll(/^ {4}(\d+) (\w+) "([^"]+)"(?: b'(.)')?;/gm)];
  assert.ok(theirs.length > 100);
  assert.deepEqual(HEADERS.map(([number, name, compact]) => [number, name, compact]),
    theirs.map(([, number, , name, compact]) => [Number(number), name, compact ?? '']));
  const lists = new Set([.../fn is_list[\s\S]*?matches!\(([\s\S]*?)\n {8}\)/.exec(source)[1].matchAll(/Self::(\w+)/g)].map(([, id]) => id));
  for (const [, number, id] of theirs) assert.equal(isList(Number(number)), lists.has(id), id);
});

test('the handlers are those of the WIT package', () => {
  const names = [...checkout('wit/v0.1/servlet.wit').matchAll(/^ {4}([a-z-]+): func/gm)].map(([, name]) => name);
  assert.deepEqual(HANDLERS.map(witName), names.filter((name) => name !== 'init'));
});

test('the types have the members that the classes have', () => {
  const types = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8');
  const declared = (name) => {
    const body = new RegExp(`^(?:export class|interface) ${name}\\b[^{]*\\{([\\s\\S]*?)^\\}`, 'm').exec(types)?.[1] ?? '';
    const members = body.matchAll(/^ {2}(?:static )?(?:readonly |get |set )?([a-zA-Z]+)(?=[(:<?])/gm);
    return new Set([...members].map(([, member]) => member).filter((member) => member !== 'constructor'));
  };
  for (const [name, value] of Object.entries(sdk)) {
    if (typeof value !== 'function' || !/^class\b/.test(String(value))) continue;
    const own = Object.getOwnPropertyNames(value.prototype).filter((member) => !/^(_|constructor$)/.test(member));
    for (const member of own) assert.ok(declared(name).has(member), `${name}.${member} has no type`);
  }
  const session = Object.getOwnPropertyNames(Object.getPrototypeOf(sdk.SipSession.prototype));
  for (const member of session.filter((member) => !/^(_|constructor$)/.test(member))) {
    assert.ok(declared('Session').has(member), `Session.${member} has no type`);
  }
});

test('URIs are read by their parts', () => {
  const uri = Uri.parse('sips:carol:secret@[2001:db8::7]:5071;transport=tcp;lr?Subject=x');
  assert.deepEqual([uri.scheme, uri.user, uri.host, uri.port], ['sips', 'carol', '[2001:db8::7]', 5071]);
  assert.deepEqual([uri.param('Transport'), uri.param('lr'), uri.param('ttl'), uri.headers], ['tcp', '', undefined, 'Subject=x']);
  assert.equal(Uri.parse('tel:+1-201-555-0123;ext=7').param('ext'), '7');
  assert.equal(Uri.parse('sip:example.com').user, undefined);
  for (const wrong of ['192.0.2.8', 'sip:', 'sip:a@', 'sip:a@b:x', 'sip:a@b:70000', 'sip:a b@c', 'sip:<a>@b', '1a:b']) {
    assert.throws(() => Uri.parse(wrong), { code: 'invalid-address' }, wrong);
  }
});

test('URIs are compared as RFC 3261 §19.1.4 says', () => {
  for (const [one, other, same] of [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp', true],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5', true],
    ['sip:biloxi.com;transport=tcp;method=REGISTER', 'sip:biloxi.com;method=REGISTER;transport=tcp', true],
    ['sip:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp', false],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting', false],
    ['sip:carol@chicago.com', 'no URI', false],
  ]) {
    assert.equal(Uri.parse(one).isSame(other), same, `${one} and ${other}`);
  }
});

test('addresses are read with name, URI and parameters', () => {
  const bob = Address.parse('"Bob, \\"at\\" <home>" <sip:bob@example.com;transport=tcp>;tag=77;x="a;b"');
  assert.deepEqual([bob.displayName, bob.uri.user, bob.tag, bob.param('X')], ['Bob, "at" <home>', 'bob', '77', 'a;b']);
  const bare = Address.parse('sip:alice@example.com;tag=1');
  assert.deepEqual([bare.uriText, bare.tag, bare.displayName], ['sip:alice@example.com', '1', undefined]);
  assert.equal(Address.parse('*').uriText, '*');
  assert.equal(Address.first('<sip:a@b>;q=1, <sip:c@d>').uri.user, 'a');
  for (const wrong of ['<sip:a@b', '<192.0.2.1>', '<sip:a@b> x']) assert.throws(() => Address.parse(wrong), SipletError, wrong);
});

test('commas inside quotes and brackets split no value', () => {
  assert.deepEqual([...split('"a, b" <sip:x,y@z>, c ,, d')], ['"a, b" <sip:x,y@z>', 'c', 'd']);
});

test('octets become text without the engine as with it', () => {
  for (const text of ['', 'plain', 'Grüße', '漢字 🎉']) {
    assert.deepEqual(encodeSlowly(text), new TextEncoder().encode(text));
    assert.equal(decodeSlowly(encodeSlowly(text)), text);
  }
  assert.equal(decodeSlowly(Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82)), 'a\ufffdb\ufffd\ufffd');
});

test('a read after a write is right, and a header is found by any of its names', () => {
  const host = new FakeHost();
  const request = host.request('INVITE', { headers: { 'X-Trace': '1', m: '<sip:a@b>' } });
  assert.deepEqual([request.header('x-trace'), request.header('Contact'), request.header('f')], ['1', '<sip:a@b>', '<sip:alice@example.com>;tag=a']);
  request.setHeader('X-Trace', '2');
  assert.equal(request.header('X-Trace'), '2');
  assert.deepEqual(request.headerLines.find(([name]) => name === 'Contact'), ['Contact', '<sip:a@b>']);
});

test('attributes are JSON text', () => {
  const host = new FakeHost();
  const { session } = host.request('INVITE');
  session.set(new Attribute('decision'), { why: ['ä'] });
  assert.equal(new TextDecoder().decode(host.attributes.get('decision')), '{"why":["ä"]}');
  assert.deepEqual(session.get('decision'), { why: ['ä'] });
  assert.throws(() => session.set('f', () => 1), /JSON cannot express function/);
});

/** A host behind the exports, which keeps what it is told. */
function exported(Class, context = {}) {
  const told = [];
  const all = { now: () => 7n, random: () => 1n << 63n, log: (...line) => told.push(line), panicked: (...panic) => told.push(panic), ...context };
  return { told, ...serve(Class, all) };
}

const VIEW = { bytes: new Uint8Array(), index: [1, 1, 0, 0, 0, 0, 0, 0] };

test('what the host refuses abandons the turn with its text, and handles are given back', () => {
  let disposed = 0;
  const handle = {
    createResponse: () => ({ send: () => { throw { payload: { tag: 'limit', val: 'outbox-messages' } }; }, [Symbol.dispose ?? Symbol.for('dispose')]: () => (disposed += 1) }),
  };
  let kept;
  const { sipServlet } = exported(class extends Servlet {
    doInvite(request) {
      kept = request;
      request.createResponse(200).send();
    }
  });
  sipServlet.init([]);
  assert.throws(() => sipServlet.doInvite(handle, VIEW), (text) => text === 'the limit outbox-messages is reached');
  assert.equal(disposed, 1);
  assert.throws(() => kept.createResponse(200), { code: 'stale-handle' });
});

test('any other exception is told as a panic with its stack, and goes on', () => {
  const { sipServlet, told } = exported(class extends Servlet {
    doInvite() {
      undefined.call();
    }
  });
  sipServlet.init([]);
  assert.throws(() => sipServlet.doInvite({}, VIEW), TypeError);
  const [[message, file, line]] = told;
  assert.match(message, /^TypeError: .*\n {4}at .*doInvite \(.*sdk\.test\.js:\d+\)/);
  assert.ok(file.endsWith('sdk.test.js') && line > 0);
});

test('a handler that returns a promise is told that it may not wait', () => {
  const { sipServlet, told } = exported(class extends Servlet {
    doInvite() {
      return Promise.resolve();
    }
  });
  sipServlet.init([]);
  assert.throws(() => sipServlet.doInvite({}, VIEW));
  assert.match(told[0][0], /doInvite returned a promise: a handler does not wait/);
});

test('an init that fails refuses with its sentence', () => {
  const { sipServlet } = exported(class extends Servlet {
    init(config) {
      if (config.number('digits') < 3) fail('too few');
    }
  });
  assert.throws(() => sipServlet.init([]), (text) => /`digits` is missing/.test(text));
  assert.throws(() => sipServlet.init([['digits', 'x']]), (text) => /"x": it is no number/.test(text));
  assert.throws(() => sipServlet.init([['digits', '2']]), (text) => text === 'too few');
});

test('a servlet allows its handlers and what the host does for it', () => {
  class Mine extends Servlet {
    doMessage() {}
    doRequest() {}
    doSuccessResponse() {}
  }
  assert.deepEqual(handlersOf(Mine), ['doMessage', 'doRequest', 'doSuccessResponse']);
  assert.deepEqual(handlersOf(class extends Mine { doInvite() {} })[0], 'doInvite');
  assert.equal(allowOf(handlersOf(Mine)), 'MESSAGE, OPTIONS');
  assert.equal(allowOf(['doInvite', 'doBye']), 'INVITE, OPTIONS, ACK, CANCEL, BYE');
});

test('a timer tells its handler what it was armed with, and listeners hear of attributes', () => {
  const told = [];
  class Listens extends Servlet {
    timeout(timer) {
      told.push([timer.id, timer.at.getTime(), timer.isPersistent, timer.info, timer.cancel()]);
    }

    sessionAttributeChanged(session, change) {
      told.push([session.id, change.name, change.old, change.new]);
    }
  }
  const host = new FakeHost({ now: 5000 });
  const context = { now: () => 0n, random: () => 0n, log: () => {}, panicked: () => {} };
  const { sipServlet, timerListener, attributeListener } = serve(Listens, context);
  sipServlet.init([]);
  const session = host.request('INVITE').applicationSession;
  const armed = session.createTimer({ delay: 250, fixedRate: 1000 }, { why: 'cut' });
  assert.deepEqual([armed.info, session.timers.length, session.timer(armed.id).id], [{ why: 'cut' }, 1, armed.id]);
  assert.deepEqual(host.timers[0].repeat, { tag: 'fixed-rate', val: 1000n });
  timerListener.timeout(host.timers[0], session._handle);
  attributeListener.sessionAttributeChanged(session._handle, 'n', undefined, new TextEncoder().encode('2'));
  assert.deepEqual(told, [[armed.id, 5250, true, { why: 'cut' }, true], ['session-1', 'n', undefined, 2]]);
  assert.throws(() => session.createTimer({ delay: 1 }, undefined ?? (() => {})), /JSON cannot express/);
});
