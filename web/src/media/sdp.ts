/** What is changed in session descriptions, so that sizes, pauses and header fields say nothing about what is spoken. */

const audioLevel = /^a=extmap:\d+(\/\w+)? urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n/gm;

/** The server would read how loud everybody is. */
export const withoutAudioLevel = (sdp: string): string => sdp.replace(audioLevel, "");

/**
 * Opus at a constant bit rate, without pauses, with forward error correction. The server's answer repeats what our offer says, so
 * the offer decides; in the answer it is what the browser obeys.
 */
const opus: [string, string][] = [
  ["cbr", "1"],
  ["usedtx", "0"],
  ["useinbandfec", "1"],
  ["stereo", "0"],
  ["maxaveragebitrate", "32000"],
];

export function quietOpus(sdp: string): string {
  const types = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map((m) => m[1]));
  return sdp.replace(/^a=fmtp:(\d+) (.*)$/gm, (line, type: string, given: string) => {
    if (!types.has(type)) return line;
    const fields = new Map(
      given
        .trim()
        .split(";")
        .map((f): [string, string] => {
          const [name = "", value = ""] = f.split("=");
          return [name.trim(), value.trim()];
        }),
    );
    for (const [name, value] of opus) fields.set(name, value);
    return `a=fmtp:${type} ${[...fields].map(([name, value]) => `${name}=${value}`).join(";")}`;
  });
}

/** The own offer of the publish connection, before it is set. */
export const quietOffer = (sdp: string): string => quietOpus(withoutAudioLevel(sdp));
