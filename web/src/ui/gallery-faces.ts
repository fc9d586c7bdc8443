/** Painted people for the gallery, since a gallery has no cameras. */

interface Look {
  wall: string;
  skin: string;
  hair: string;
  coat: string;
}

const looks: readonly Look[] = [
  { wall: "#b9ad97", skin: "#d9a884", hair: "#3a2a20", coat: "#4a5a52" },
  { wall: "#8c9a94", skin: "#8a5a3c", hair: "#1d1713", coat: "#c9b38a" },
  { wall: "#c7b8a8", skin: "#e8c4a4", hair: "#8a6a3a", coat: "#6a4a4a" },
  { wall: "#6f7a78", skin: "#c48e68", hair: "#26201c", coat: "#d8d0c0" },
  { wall: "#a89884", skin: "#5e3d2b", hair: "#15110f", coat: "#7d8a5a" },
  { wall: "#d4cabb", skin: "#f0d2b8", hair: "#b9b2a8", coat: "#3c4648" },
];

const W = 640;
const H = 360;

function paint(g: CanvasRenderingContext2D, look: Look, n: number, t: number): void {
  g.fillStyle = look.wall;
  g.fillRect(0, 0, W, H);
  g.fillStyle = "rgb(0 0 0 / 8%)";
  g.fillRect(((n * 137) % 300) + 20, 0, 90, 230);
  const x = W / 2 + Math.sin(t / 900 + n) * 4;
  g.fillStyle = look.coat;
  g.beginPath();
  g.ellipse(x, H + 40, 150, 130, 0, 0, 7);
  g.fill();
  g.fillStyle = look.skin;
  g.fillRect(x - 26, 200, 52, 60);
  g.fillStyle = look.hair;
  g.beginPath();
  g.ellipse(x, 128, 76, n % 2 ? 84 : 92, 0, 0, 7);
  g.fill();
  if (n % 3 === 0) g.fillRect(x - 76, 128, 152, 90);
  g.fillStyle = look.skin;
  g.beginPath();
  g.ellipse(x, 148, 60, 76, 0, 0, 7);
  g.fill();
  g.fillStyle = "#1b1512";
  for (const side of [-23, 23]) g.fillRect(x + side - 5, 140, 10, 6);
  g.fillRect(x - 15, 184, 30, 4);
}

function stream(draw: (g: CanvasRenderingContext2D, t: number) => void): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = W;
  canvas.height = H;
  const g = canvas.getContext("2d");
  if (!g) throw new Error("gallery: no canvas");
  draw(g, 0);
  const captured = canvas.captureStream(4);
  setInterval(() => draw(g, performance.now()), 250);
  return captured;
}

export function face(n: number): MediaStream {
  const look = looks[n % looks.length] as Look;
  return stream((g, t) => paint(g, look, n, t));
}

/** A page of a document, as people show them. */
export function slide(): MediaStream {
  return stream((g) => {
    g.fillStyle = "#fffdf8";
    g.fillRect(0, 0, W, H);
    g.fillStyle = "#22282e";
    g.font = "600 30px system-ui, sans-serif";
    g.fillText("What the quarter cost", 40, 66);
    g.font = "14px system-ui, sans-serif";
    ["Rent and light", "Travel", "Counsel", "Paper"].forEach((word, i) => {
      g.fillStyle = "#545d66";
      g.fillText(word, 40, 124 + i * 54);
      g.fillStyle = i === 2 ? "#8a6410" : "#c9c2b2";
      g.fillRect(170, 106 + i * 54, 90 + ((i * 173) % 330), 26);
    });
  });
}
