// Opening hours on a clock that is a fixed offset from UTC.

import { fail } from '@siplet/sdk';

const MINUTES_A_DAY = 24 * 60;

/** When somebody is there, every day. */
export class Hours {
  /** Minutes of the local day; `until` is not included and may be before `from`: then the night is open. */
  private readonly from: number;
  private readonly until: number;
  /** Minutes that the local clock is ahead of UTC. */
  private readonly ahead: number;

  /** Of `09:00-18:00` and `+01:00`. */
  constructor(open: string, offset: string) {
    const [from, until, more] = open.split('-');
    if (from === undefined || until === undefined || more !== undefined) {
      fail(`opening hours are written as 09:00-18:00, not ${JSON.stringify(open)}`);
    }
    this.from = minutesOf(from);
    this.until = minutesOf(until);
    this.ahead = (offset.startsWith('-') ? -1 : 1) * minutesOf(offset.replace(/^[+-]/, ''));
  }

  /** Whether somebody is there at that time. */
  areOpen(now: Date): boolean {
    const local = (Math.floor(now.getTime() / 60_000) + this.ahead + MINUTES_A_DAY) % MINUTES_A_DAY;
    const { from, until } = this;
    return from <= until ? from <= local && local < until : local >= from || local < until;
  }
}

/** `09:30` as minutes since midnight; 24:00 is the end of the day. */
function minutesOf(clock: string): number {
  const found = /^\s*(\d{1,2}):(\d{1,2})\s*$/.exec(clock);
  const minutes = found ? Number(found[1]) * 60 + Number(found[2]) : Infinity;
  if (!found || Number(found[2]) > 59 || minutes > MINUTES_A_DAY) fail(`${JSON.stringify(clock)} is no time of a day`);
  return minutes;
}
