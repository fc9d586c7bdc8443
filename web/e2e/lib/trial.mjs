// One attack on a page: what was tried, what each side saw, and a verdict that follows from it.

export class Trial {
  constructor(name, { claim, admitted }) {
    Object.assign(this, {
      name,
      claim,
      admitted,
      tried: "",
      seen: [],
      reached: false,
      noticed: false,
    });
  }
  try(text) {
    this.tried = text;
  }
  saw(who, text) {
    this.seen.push(`${who}: ${text}`);
  }
  /** Notes whether the attacker has what he wants. */
  goal(reached, what) {
    if (reached) this.reached = true;
    this.saw("attacker", `${reached ? "reached" : "did not reach"}: ${what}`);
  }
  /** Notes whether an honest page says that something is wrong. */
  told(who, noticed, what) {
    if (noticed) this.noticed = true;
    this.saw(who, what);
  }
  verdict() {
    if (this.failed) return `not carried out: ${this.failed}`;
    if (this.reached) return "not prevented";
    return this.noticed ? "detected" : "defeated";
  }
  get bad() {
    return this.reached && !this.admitted;
  }
  print() {
    const verdict = this.verdict();
    const more = !this.reached
      ? ""
      : this.admitted
        ? ` (as documented: ${this.admitted})`
        : `, AGAINST CLAIM ${this.claim}`;
    return [
      this.name,
      `  tried    ${this.tried}`,
      ...this.seen.map((s) => `  saw      ${s}`),
      `  verdict  ${verdict}${more}`,
    ].join("\n");
  }
}

/** The last line: what became of all of them. */
export function summary(trials, failed) {
  const n = (v) => trials.filter((t) => t.verdict() === v).length;
  return `${trials.length + failed} tried, ${n("defeated")} defeated, ${n("detected")} detected, ${n("not prevented")} not prevented, ${failed} not carried out`;
}
