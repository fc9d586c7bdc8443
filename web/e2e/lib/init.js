// Runs in every page before the client: gives the participant a face (a colour with a moving bar) and a voice (a tone)
// of its own, and keeps the peer connections where the specs can read their statistics. It changes nothing of the client.
(({ colour, tone, screenColour, screenTone, width, height, rate, noise, somebody }) => {
  const spec = { pcs: [], errors: [], audio: null };
  window.__spec = spec;
  window.addEventListener("error", (e) => spec.errors.push(String(e.message)));
  window.addEventListener("unhandledrejection", (e) => spec.errors.push(String(e.reason?.message ?? e.reason)));
  document.addEventListener("securitypolicyviolation", (e) => spec.errors.push(`CSP: ${e.violatedDirective} ${e.blockedURI}`));

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      spec.pcs.push(this);
    }
  };

  /** Somebody in the middle, as a child draws: shoulders, hair, face, neck, eyes and mouth. */
  function draw(g) {
    const scale = width / 256;
    for (const [ink, x, y, rx, ry] of [
      ["rgb(40 60 110)", 128, 150, 62, 56],
      ["rgb(52 34 26)", 128, 62, 29, 38],
      ["rgb(218 172 146)", 128, 70, 24, 31],
      ["rgb(206 160 134)", 128, 102, 11, 16],
      ["rgb(30 24 22)", 119, 64, 4, 2.5],
      ["rgb(30 24 22)", 137, 64, 4, 2.5],
      ["rgb(150 60 60)", 128, 86, 8, 2],
    ]) {
      g.fillStyle = ink;
      g.beginPath();
      g.ellipse(x * scale, y * scale, rx * scale, ry * scale, 0, 0, 7);
      g.fill();
    }
  }
  function painted(fill) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const g = canvas.getContext("2d");
    let n = 0;
    const paint = () => {
      g.fillStyle = fill;
      g.fillRect(0, 0, width, height);
      g.fillStyle = "#fff";
      g.fillRect(((n++ * 8) % width) | 0, 0, 16, height / 8); // top eighth only; the middle stays one colour
      if (somebody && fill === colour) draw(g);
    };
    paint();
    setInterval(paint, 1000 / rate);
    return canvas.captureStream(rate).getVideoTracks()[0];
  }
  function hissing(ctx) {
    const source = ctx.createBufferSource();
    source.buffer = ctx.createBuffer(1, ctx.sampleRate, ctx.sampleRate);
    const samples = source.buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
    source.loop = true;
    return source;
  }
  function sounding(hertz) {
    const ctx = new AudioContext();
    const osc = noise ? hissing(ctx) : ctx.createOscillator();
    const gain = ctx.createGain();
    const out = ctx.createMediaStreamDestination();
    if (!noise) osc.frequency.value = hertz;
    gain.gain.value = 0.3;
    osc.connect(gain).connect(out);
    osc.start();
    return out.stream.getAudioTracks()[0];
  }
  const devices = navigator.mediaDevices;
  const gecko = navigator.userAgent.includes("Gecko/");
  if (devices) {
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await real(constraints);
      for (const track of stream.getVideoTracks()) {
        stream.removeTrack(track);
        track.stop();
        stream.addTrack(painted(colour));
      }
      // Firefox without a sound card keeps every AudioContext suspended: its own fake tone stays.
      if (!gecko) {
        for (const track of stream.getAudioTracks()) {
          stream.removeTrack(track);
          track.stop();
          stream.addTrack(sounding(tone));
        }
      }
      return stream;
    };
    devices.getDisplayMedia = async (constraints) => {
      const stream = new MediaStream([painted(screenColour)]);
      if (constraints?.audio && !gecko) stream.addTrack(sounding(screenTone));
      return stream;
    };
  }
})
