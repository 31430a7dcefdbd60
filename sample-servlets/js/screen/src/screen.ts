// Keeps unwanted callers out, and everybody outside opening hours. What was decided for a call stays decided.

import { Attribute, type Config, type Request, Servlet, Uri, now } from '@siplet/sdk';

import { Hours } from './hours.js';

/** What was decided for a call, kept in its session. */
type Decision = 'accept' | 'forbid' | 'closed';

const DECISION = new Attribute<Decision>('decision');

/** Knows who is not wanted and when somebody is there. */
export default class Screen extends Servlet {
  /** `sip:user@host`, or `*@host` for everybody of a host. */
  private refused: string[] = [];
  private hours!: Hours;

  init(config: Config) {
    this.hours = new Hours(config.required('open'), config.get('utc-offset') ?? '+00:00');
    if (config.get('refused') !== undefined) this.refused = config.json<string[]>('refused');
  }

  doInvite(request: Request) {
    const session = request.session;
    // A re-INVITE belongs to a call that was decided: nobody is thrown out when the office closes.
    let decision = session.get(DECISION);
    if (decision === undefined) {
      decision = this.decide(request.from.uri, now());
      session.set(DECISION, decision);
    }
    switch (decision) {
      case 'accept':
        if (request.isInitial) request.createResponse(180).send();
        return request.createResponse(200).withBody('application/sdp', request.body).send();
      case 'forbid':
        return request.createResponse(403).send();
      case 'closed':
        return request.createResponse(480, 'Outside Opening Hours').send();
    }
  }

  /** The list stands before the hours: who is on it shall not learn when to call. */
  decide(caller: Uri, now: Date): Decision {
    if (this.refused.some((entry) => isOn(entry, caller))) return 'forbid';
    return this.hours.areOpen(now) ? 'accept' : 'closed';
  }
}

/** Whether a line of the list means this caller. RFC 3261 §19.1.4: the user's case counts, the host's does not. */
function isOn(entry: string, caller: Uri): boolean {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  if (entry.startsWith('*@')) return same(entry.slice(2), caller.host);
  try {
    const { user, host } = Uri.parse(entry);
    return user === caller.user && same(host, caller.host);
  } catch {
    return false;
  }
}
