// Runs in every page before the client: gives the participant a face (a colour with a moving bar) and a voice (a tone)
// of its own, and keeps the peer connections where the specs can read their statistics. It changes nothing of the client.
(({ colour, tone, screenColour, screenTone, width, height, rate, noise, somebody, clocked }) => {
  const spec = { pcs: [], errors: [], audio: null, sounds: [] };
  window.__spec = spec;
  // That a layout takes a second turn is told as an error, and is none.
  window.addEventListener("error", (e) => /ResizeObserver loop/.test(e.message) || spec.errors.push(String(e.message)));
  window.addEventListener("unhandledrejection", (e) => spec.errors.push(String(e.reason?.message ?? e.reason)));
  document.addEventListener("securitypolicyviolation", (e) => spec.errors.push(`CSP: ${e.violatedDirective} ${e.blockedURI}`));

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      spec.pcs.push(this);
    }
  };

  /** What plays others, the test of the speaker included. */
  const NativeAudio = window.Audio;
  window.Audio = class extends NativeAudio {
    constructor(...args) {
      super(...args);
      spec.sounds.push(this);
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
  /** A wall of many colours that moves, which takes an encoder all the bits that it may use. */
  function walls() {
    const wall = document.createElement("canvas");
    wall.width = width / 4 + 240;
    wall.height = height / 4;
    const g = wall.getContext("2d");
    const image = g.createImageData(wall.width, wall.height);
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : 64 + 128 * Math.random();
    g.putImageData(image, 0, 0);
    return wall;
  }
  /** The lower edge says when a picture was painted: 24 bits of the time in ms, black and white from the highest. */
  function clock(g) {
    const now = Date.now() & 0xffffff;
    for (let i = 0; i < 24; i++) {
      g.fillStyle = (now >> (23 - i)) & 1 ? "#fff" : "#000";
      g.fillRect((i * width) / 24, (height * 7) / 8, width / 24, height / 8);
    }
  }
  function painted(fill) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const g = canvas.getContext("2d");
    const wall = clocked && walls();
    let n = 0;
    const paint = () => {
      if (clocked) {
        g.drawImage(wall, (n++ * 3) % 240, 0, width / 4, height / 4, 0, 0, width, height);
        clock(g);
        return;
      }
      g.fillStyle = fill;
      g.fillRect(0, 0, width, height);
      g.fillStyle = "#fff";
      g.fillRect(((n++ * 8) % width) | 0, 0, somebody ? 8 : 16, height / 8); // top eighth only; the middle stays one colour
      if (somebody && fill === colour) draw(g);
    };
    paint();
    setInterval(paint, 1000 / rate);
    return canvas.captureStream(rate).getVideoTracks()[0];
  }
  /** A room with machines: deep noise. White noise is no test, RNNoise leaves much of it or nothing as chance has it. */
  function rumbling(ctx) {
    const source = ctx.createBufferSource();
    source.buffer = ctx.createBuffer(1, 2 * ctx.sampleRate, ctx.sampleRate);
    const samples = source.buffer.getChannelData(0);
    let deep = 0;
    for (let i = 0; i < samples.length; i++) {
      deep = 0.97 * deep + 0.1 * (Math.random() * 2 - 1);
      samples[i] = deep;
    }
    source.loop = true;
    return source;
  }
  const LOUD = 0.3; // of the gain
  let quiet = false;
  const voices = [];
  let talking = 0;
  /** The voice ends, or goes on; it is not muted. */
  spec.hush = (on) => {
    clearInterval(talking);
    quiet = on;
    for (const gain of voices) gain.gain.value = on ? 0 : LOUD;
  };
  /** It has pauses, as speech has: what has none is noise before long. */
  spec.talk = () => {
    spec.hush(false);
    talking = setInterval(() => {
      for (const gain of voices) gain.gain.value = gain.gain.value > 0 ? 0 : LOUD;
    }, 300);
  };
  function sounding(hertz) {
    const ctx = new AudioContext();
    const osc = noise ? rumbling(ctx) : ctx.createOscillator();
    const gain = ctx.createGain();
    const out = ctx.createMediaStreamDestination();
    if (!noise) osc.frequency.value = hertz;
    gain.gain.value = quiet ? 0 : LOUD;
    voices.push(gain);
    osc.connect(gain).connect(out);
    osc.start();
    return out.stream.getAudioTracks()[0];
  }
  const devices = navigator.mediaDevices;
  const gecko = navigator.userAgent.includes("Gecko/");
  /** More devices than the browser has: a camera has a colour of its own, a microphone a tone. They are known by their labels. */
  const plugged = new Map();
  spec.plug = (kind, label, look) => {
    plugged.set(label, { kind, deviceId: label, label, groupId: "", look });
    devices.dispatchEvent(new Event("devicechange"));
  };
  const known = (track, deviceId) => {
    const own = track.getSettings.bind(track);
    track.getSettings = () => ({ ...own(), deviceId });
    return track;
  };
  if (devices) {
    const list = devices.enumerateDevices.bind(devices);
    devices.enumerateDevices = async () => [...(await list()), ...plugged.values()];
    const real = devices.getUserMedia.bind(devices);
    /** Takes what is plugged in out of what the browser is asked for. */
    const taken = (constraints, kind) => {
      const found = plugged.get(constraints?.[kind]?.deviceId?.exact);
      if (found) delete constraints[kind].deviceId;
      return found;
    };
    devices.getUserMedia = async (asked) => {
      const constraints = structuredClone(asked);
      const camera = taken(constraints, "video");
      const mic = taken(constraints, "audio");
      const stream = await real(constraints);
      if (mic && gecko) known(stream.getAudioTracks()[0], mic.deviceId);
      for (const track of stream.getVideoTracks()) {
        stream.removeTrack(track);
        track.stop();
        const { deviceId } = camera ?? track.getSettings();
        stream.addTrack(known(painted(camera?.look ?? colour), deviceId));
      }
      // Firefox without a sound card keeps every AudioContext suspended: its own fake tone stays.
      if (!gecko) {
        for (const track of stream.getAudioTracks()) {
          stream.removeTrack(track);
          track.stop();
          const { deviceId } = mic ?? track.getSettings();
          stream.addTrack(known(sounding(mic?.look ?? tone), deviceId));
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
