/** The meeting in a small window that stays above others: a document where the browser has that, one picture elsewhere. */

import { signal } from "@preact/signals";
import { render } from "preact";
import type { MeetingModel, TileModel } from "../call/model";
import { t } from "../call/words";
import { CameraIcon, CameraOffIcon, LeaveIcon, MicIcon, MicOffIcon } from "./icons";
import { Control } from "./parts";
import { Tile } from "./tile";

/** Not in TypeScript's DOM types yet (Document Picture-in-Picture). */
interface PictureWindows {
  requestWindow(size: { width: number; height: number }): Promise<Window>;
}

const windows = (): PictureWindows | undefined =>
  (globalThis as { documentPictureInPicture?: PictureWindows }).documentPictureInPicture;

const SIZE = { width: 384, height: 272 };
const DOCK = 56; // px below the picture

const current = signal<Window | null>(null);

export const pictureIsOpen = (): boolean => current.value !== null;

export function canOpenPicture(): boolean {
  return windows() !== undefined || document.pictureInPictureEnabled === true;
}

/** Who is shown: what is pinned, or who speaks, or the first of the others. */
export function pictureOf(model: MeetingModel): TileModel | undefined {
  const tiles = model.tiles.value;
  const { pinned, lead } = model.layout;
  return (
    tiles.find((t) => t.key === pinned.value) ??
    tiles.find((t) => t.source === "screen") ??
    tiles.find((t) => t.session === lead.value.session && !t.self) ??
    tiles.find((t) => !t.self) ??
    tiles[0]
  );
}

/** What is in the window. size: of the picture in it, px. */
export function Picture({
  model,
  size,
}: {
  model: MeetingModel;
  size: { width: number; height: number };
}) {
  const tile = pictureOf(model);
  const mic = model.mic.value;
  const camera = model.camera.value;
  return (
    <div class="picture">
      <ul class="tiles">{tile && <Tile tile={tile} box={{ left: 0, top: 0, ...size }} />}</ul>
      <nav class="dock" aria-label={t("Meeting controls")}>
        <Control
          label={mic.on ? t("Mute microphone") : t("Unmute microphone")}
          word=""
          icon={mic.on ? <MicIcon /> : <MicOffIcon />}
          kind={mic.on ? "" : "off"}
          press={() => model.toggleMic()}
        />
        <Control
          label={camera.on ? t("Turn camera off") : t("Turn camera on")}
          word=""
          icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
          kind={camera.on ? "" : "off"}
          press={() => model.toggleCamera()}
        />
        <Control
          label={t("Leave")}
          word=""
          icon={<LeaveIcon />}
          kind="leave"
          press={() => model.leave()}
        />
      </nav>
    </div>
  );
}

function fill(w: Window, model: MeetingModel): void {
  w.document.title = document.title;
  w.document.documentElement.lang = document.documentElement.lang;
  for (const style of document.querySelectorAll("link[rel=stylesheet], style"))
    w.document.head.append(w.document.importNode(style, true));
  const draw = (): void =>
    render(
      <Picture
        model={model}
        size={{ width: w.innerWidth, height: Math.max(1, w.innerHeight - DOCK) }}
      />,
      w.document.body,
    );
  draw();
  w.addEventListener("resize", draw);
  w.addEventListener("pagehide", () => {
    render(null, w.document.body);
    current.value = null;
  });
  current.value = w;
}

/** Opens it in answer to a click, or closes it. What the browser refuses is left as it was. */
export function togglePicture(model: MeetingModel): void {
  const refused = (): void => {};
  if (current.value) {
    closePicture();
    return;
  }
  const documents = windows();
  if (documents) {
    documents.requestWindow(SIZE).then((w) => fill(w, model), refused);
    return;
  }
  if (document.pictureInPictureElement) document.exitPictureInPicture().catch(refused);
  else largestVideo()?.requestPictureInPicture().catch(refused);
}

/** The meeting is over. */
export function closePicture(): void {
  current.value?.close();
}

function largestVideo(): HTMLVideoElement | undefined {
  const area = (v: HTMLVideoElement): number => v.clientWidth * v.clientHeight;
  return [...document.querySelectorAll<HTMLVideoElement>(".tile video")].sort(
    (a, b) => area(b) - area(a),
  )[0];
}
