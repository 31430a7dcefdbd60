// Compiled and never run: what the types must accept, and what they must refuse.

import { Address, Attribute, type Config, fail, log, type Request, type Response, Servlet, SipletError } from '@siplet/sdk';
import { FakeHost } from '@siplet/sdk/test';

interface Gateway {
  uri: string;
  failures: number;
}

const GATEWAY = new Attribute<Gateway>('gateway');

export default class Everything extends Servlet {
  private prefix = '';

  override init(config: Config) {
    this.prefix = config.required('prefix') + config.number('digits', 3) + config.json<string[]>('list').length;
  }

  override doInvite(request: Request) {
    const gateway = request.session.get(GATEWAY) ?? { uri: this.prefix, failures: 0 };
    request.session.set(GATEWAY, { ...gateway, failures: gateway.failures + 1 });
    // @ts-expect-error: the attribute holds a gateway
    request.session.set(GATEWAY, 'a text');
    // @ts-expect-error: the header is text or octets
    request.createResponse(200).withHeader('Expires', 60).send();
    if (request.from.uri.user === undefined) fail('the caller has no name');
    const call = request.applicationSession.createRequest('INVITE', request.from, Address.parse('<sip:bob@example.com>'));
    call.withBody('application/sdp', request.body).send();
  }

  override doErrorResponse(response: Response) {
    try {
      response.request.createCancel().send();
    } catch (error) {
      if (error instanceof SipletError && error.code === 'no-transaction') log.info('it is over', response.status);
      else throw error;
    }
  }
}

const host = new FakeHost({ now: 0 });
host.servlet(Everything, { prefix: '0' }).doInvite(host.request('INVITE'));
