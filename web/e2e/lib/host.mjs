// What a host presses, in any browser.
import { eventually } from "./people.mjs";

/** Makes a meeting and opens the people panel; returns the link. */
export async function makeMeeting(p, url) {
  await p.goto(url);
  await p.press("New meeting");
  await eventually(`${p.name} is at the device check`, () => p.has("Join"));
  await p.type("Your name", p.name);
  await p.press("Join");
  await p.sees("Sealed");
  await p.press("People");
  return linkOf(p);
}

/** The link that is shown from the people panel; the sheet is loaded when it is opened. */
export async function linkOf(p) {
  await p.press("Code and calendar");
  const link = await eventually("the link is shown", () =>
    p.evaluate(() => document.querySelector("[aria-label='Invitation link']")?.value),
  );
  await p.press("Close invite");
  return link;
}

/** "true" or "false" for a switch that there is. */
export const isOn = (p, label) =>
  p.evaluate((wanted) => {
    const all = [...document.querySelectorAll("[role=switch]")];
    return all.find((b) => b.textContent.startsWith(wanted))?.getAttribute("aria-checked");
  }, label);

/** Presses a switch and waits until it is in force. */
export async function flip(p, label, on) {
  await eventually(`there is a switch ${label}`, () => isOn(p, label));
  await p.evaluate((wanted) => {
    const all = [...document.querySelectorAll("[role=switch]")];
    all.find((b) => b.textContent.startsWith(wanted)).click();
  }, label);
  await eventually(`${label} is ${on}`, async () => (await isOn(p, label)) === String(on));
}
