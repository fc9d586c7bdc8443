/** A meeting as a calendar file (RFC 5545), made in the browser: pure. */

export interface Appointment {
  title: string;
  link: string;
  /** Unix ms. */
  start: number;
  minutes: number;
  /** Now, Unix ms. */
  stamp: number;
  /** Unique, told to nobody but the calendar. */
  uid: string;
}

const MINUTE = 60_000; // ms
const LINE = 75; // bytes (RFC 5545 §3.1)

/** In UTC: calendars turn it into the time of the place. */
const utc = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;

const escaped = (text: string): string =>
  text.replace(/[\\;,]/g, (c) => `\\${c}`).replace(/\r\n|[\r\n]/g, "\\n");

/** Long lines go on after a space, and no character is cut in two. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  let out = "";
  let room = LINE;
  for (const c of line) {
    const size = encoder.encode(c).length;
    if (size > room) {
      out += "\r\n ";
      room = LINE - 1;
    }
    out += c;
    room -= size;
  }
  return out;
}

export function calendarFile(a: Appointment): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Incamera//Incamera//EN",
    "METHOD:PUBLISH",
    "BEGIN:VEVENT",
    `UID:${a.uid}`,
    `DTSTAMP:${utc(a.stamp)}`,
    `DTSTART:${utc(a.start)}`,
    `DTEND:${utc(a.start + a.minutes * MINUTE)}`,
    `SUMMARY:${escaped(a.title)}`,
    `LOCATION:${escaped(a.link)}`,
    `URL:${a.link}`,
    "CLASS:CONFIDENTIAL",
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map((l) => `${folded(l)}\r\n`).join("");
}
