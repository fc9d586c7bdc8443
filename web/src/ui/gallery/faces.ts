/** Streams for the gallery: calm figures without features, painted on canvases; nothing is recorded and nothing is fetched. */

interface Look {
  ground: string;
  light: string;
  coat: string;
  skin: string;
  hair: string;
  /** Shape of the hair: short, long, bald, tied. */
  cut: 0 | 1 | 2 | 3;
  /** Where the person sits, as a part of the width off the middle. */
  lean: number;
}

const looks: Look[] = [
  {
    ground: "#b9ab91",
    light: "#cabda4",
    coat: "#3f4a3f",
    skin: "#d9b08c",
    hair: "#4a3426",
    cut: 0,
    lean: 0.02,
  },
  {
    ground: "#8f9a86",
    light: "#a3ad9a",
    coat: "#7b3f2e",
    skin: "#8d5f43",
    hair: "#1f1814",
    cut: 1,
    lean: -0.04,
  },
  {
    ground: "#c9b8a6",
    light: "#d8cabb",
    coat: "#2f3437",
    skin: "#e3c1a3",
    hair: "#8c8378",
    cut: 2,
    lean: 0.05,
  },
  {
    ground: "#6f675c",
    light: "#857c6f",
    coat: "#c2a25a",
    skin: "#b98563",
    hair: "#2a1d16",
    cut: 3,
    lean: -0.01,
  },
  {
    ground: "#a89a9a",
    light: "#b9adad",
    coat: "#4d3b46",
    skin: "#c99873",
    hair: "#6a3f22",
    cut: 1,
    lean: 0.03,
  },
  {
    ground: "#5d6359",
    light: "#727969",
    coat: "#b7b2a2",
    skin: "#6f4a35",
    hair: "#15100d",
    cut: 0,
    lean: 0,
  },
  {
    ground: "#cfc4ad",
    light: "#dfd6c3",
    coat: "#6d7a5c",
    skin: "#e8cdb5",
    hair: "#b08a4a",
    cut: 3,
    lean: -0.05,
  },
  {
    ground: "#84786c",
    light: "#978b7f",
    coat: "#20262a",
    skin: "#a9744f",
    hair: "#3a3330",
    cut: 2,
    lean: 0.02,
  },
];

const WIDTH = 640;
const HEIGHT = 360;
const EVERY = 500; // ms: canvases only send what is painted after the stream was made

function stream(
  width: number,
  height: number,
  paint: (c: CanvasRenderingContext2D) => void,
): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("gallery: no canvas");
  paint(context);
  const made = canvas.captureStream(5);
  setInterval(() => paint(context), EVERY);
  return made;
}

function ellipse(c: CanvasRenderingContext2D, x: number, y: number, rx: number, ry: number): void {
  c.beginPath();
  c.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
  c.fill();
}

function paintHairBehind(c: CanvasRenderingContext2D, look: Look, x: number): void {
  c.fillStyle = look.hair;
  if (look.cut === 1) {
    c.beginPath();
    c.roundRect(x - 74, 78, 148, 190, 70);
    c.fill();
  }
  if (look.cut === 3) ellipse(c, x, 72, 30, 26);
}

function paintHair(c: CanvasRenderingContext2D, look: Look, x: number): void {
  if (look.cut === 2) return;
  c.save();
  c.beginPath();
  c.ellipse(x, 158, 60, 76, 0, 0, Math.PI * 2);
  c.clip();
  c.fillStyle = look.hair;
  ellipse(c, x - 14, 88, 74, look.cut === 0 ? 40 : 46);
  c.restore();
}

function paintFace(c: CanvasRenderingContext2D, look: Look): void {
  const x = WIDTH * (0.5 + look.lean);
  c.fillStyle = look.ground;
  c.fillRect(0, 0, WIDTH, HEIGHT);
  // A window's light on the wall: one flat shape.
  c.fillStyle = look.light;
  c.fillRect(look.lean > 0 ? 0 : WIDTH * 0.62, 0, WIDTH * 0.38, HEIGHT);
  paintHairBehind(c, look, x);
  c.fillStyle = look.coat;
  c.beginPath();
  c.roundRect(x - 160, 262, 320, 220, 110);
  c.fill();
  c.fillStyle = look.skin;
  c.beginPath();
  c.roundRect(x - 28, 200, 56, 92, 28);
  c.fill();
  ellipse(c, x, 158, 60, 76);
  paintHair(c, look, x);
}

/** A person, always the same for the same number. */
export function face(n: number): MediaStream {
  const look = looks[n % looks.length]!;
  return stream(WIDTH, HEIGHT, (c) => paintFace(c, look));
}

/** What somebody shares: a page with a heading, lines and a chart. */
export function screen(): MediaStream {
  return stream(1280, 720, (c) => {
    c.fillStyle = "#fbfaf6";
    c.fillRect(0, 0, 1280, 720);
    c.fillStyle = "#2a2f33";
    c.fillRect(96, 84, 460, 30);
    c.fillStyle = "#c9c4b8";
    for (const [i, width] of [480, 440, 470, 300, 0, 460, 480, 390].entries()) {
      c.fillRect(96, 168 + i * 40, width, 14);
    }
    for (const [i, height] of [150, 210, 190, 280, 330, 300].entries()) {
      c.fillStyle = i === 4 ? "#b98a2a" : "#d8d2c4";
      c.fillRect(690 + i * 84, 560 - height, 52, height);
    }
    c.fillStyle = "#2a2f33";
    c.fillRect(680, 560, 500, 2);
  });
}
