/** Cameras and microphones, and what can be wrong with them in a person's words. */
import type { Device, Problem } from "../call/model";

export type Kind = "camera" | "mic";

/** Who blocks a device, which says where it is allowed again. */
type Blocker = "page" | "firefox" | "safari" | "system";

/** Chromium says when it is the system; of the others it is not known. agent: as navigator.userAgent. */
export function blockerOf(agent: string, message: string): Blocker {
  if (/by system/i.test(message)) return "system";
  if (/Android/.test(agent)) return "page";
  if (/Firefox\//.test(agent)) return "firefox";
  return /Safari\//.test(agent) && !/Chrom|CriOS|FxiOS|EdgiOS/.test(agent) ? "safari" : "page";
}

const blocked: Readonly<Record<Kind, Readonly<Record<Blocker, string>>>> = {
  camera: {
    page: "Your browser blocks the camera for this page. Click the symbol beside the address, allow Camera, then try again.",
    firefox:
      "Firefox blocks the camera for this page. Click the crossed-out camera beside the address, remove the block, then try again.",
    safari:
      "Safari blocks the camera for this page. Open the settings for this website from the menu beside the address, allow Camera, then try again.",
    system:
      "The settings of this computer keep the camera from your browser. Allow it there, under privacy, then try again.",
  },
  mic: {
    page: "Your browser blocks the microphone for this page. Click the symbol beside the address, allow Microphone, then try again.",
    firefox:
      "Firefox blocks the microphone for this page. Click the crossed-out microphone beside the address, remove the block, then try again.",
    safari:
      "Safari blocks the microphone for this page. Open the settings for this website from the menu beside the address, allow Microphone, then try again.",
    system:
      "The settings of this computer keep the microphone from your browser. Allow it there, under privacy, then try again.",
  },
};

/** What a browser that does not give a device is told of in words. agent: as navigator.userAgent. */
export function problemOf(
  kind: Kind,
  e: unknown,
  agent = globalThis.navigator?.userAgent ?? "",
): Problem {
  const of = (field: "name" | "message"): string =>
    typeof e === "object" && e !== null && field in e ? String((e as Error)[field]) : "";
  const name = of("name");
  const is = (camera: string, mic: string): string => (kind === "camera" ? camera : mic);
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return {
        code: kind === "camera" ? "camera-denied" : "mic-denied",
        title: is("The camera is blocked", "The microphone is blocked"),
        text: blocked[kind][blockerOf(agent, of("message"))],
      };
    case "NotFoundError":
    case "OverconstrainedError":
      return {
        code: kind === "camera" ? "no-camera" : "no-mic",
        title: is("No camera found", "No microphone found"),
        text: is(
          "Connect a camera and try again, or join without one.",
          "Connect a microphone and try again, or join without one.",
        ),
      };
    default:
      return {
        code: "device-busy",
        title: is("The camera does not start", "The microphone does not start"),
        text: is(
          "Another program may be using the camera. Close it, then try again.",
          "Another program may be using the microphone. Close it, then try again.",
        ),
      };
  }
}

const exactly = (id: string) => (id ? { deviceId: { exact: id } } : {});

const wanted = {
  camera: (id: string): MediaTrackConstraints => ({
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
    ...exactly(id),
  }),
  mic: (id: string): MediaTrackConstraints => ({
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...exactly(id),
  }),
};

function trackOf(stream: MediaStream, kind: Kind): MediaStreamTrack {
  const track = kind === "camera" ? stream.getVideoTracks()[0] : stream.getAudioTracks()[0];
  if (!track)
    throw Object.assign(new Error("the browser gave no track"), { name: "NotFoundError" });
  if (kind === "camera") track.contentHint = "motion";
  return track;
}

/** Opens one device; "" as its id lets the browser choose. Throws what getUserMedia throws: see problemOf. */
export async function openDevice(
  devices: MediaDevices,
  kind: Kind,
  id: string,
): Promise<MediaStreamTrack> {
  const constraints = wanted[kind](id);
  return trackOf(
    await devices.getUserMedia(kind === "camera" ? { video: constraints } : { audio: constraints }),
    kind,
  );
}

/** Opens both at once, which browsers ask people about once only. */
export async function openBoth(
  devices: MediaDevices,
  ids: Record<Kind, string>,
): Promise<Record<Kind, MediaStreamTrack>> {
  const stream = await devices.getUserMedia({
    video: wanted.camera(ids.camera),
    audio: wanted.mic(ids.mic),
  });
  return { camera: trackOf(stream, "camera"), mic: trackOf(stream, "mic") };
}

const kinds = { camera: "videoinput", mic: "audioinput", speaker: "audiooutput" } as const;

export async function listDevices(
  devices: MediaDevices,
  kind: Kind | "speaker",
): Promise<Device[]> {
  const all = await devices.enumerateDevices();
  return all
    .filter((d) => d.kind === kinds[kind] && d.deviceId !== "")
    .map((d, i) => ({ id: d.deviceId, label: d.label || `${kind} ${i + 1}` }));
}
