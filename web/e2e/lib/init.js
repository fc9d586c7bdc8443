// Runs in every page before the client: gives the participant a face (a colour with a moving bar) and a voice (a tone)
// of its own, and keeps the peer connections where the specs can read their statistics. It changes nothing of the client.
(({ colour, tone, screenColour, screenTone, width, height, rate }) => {
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
    };
    paint();
    setInterval(paint, 1000 / rate);
    return canvas.captureStream(rate).getVideoTracks()[0];
  }
  function sounding(hertz) {
    const ctx = new AudioContext();
    const osc = ctx.createOscillator();
    const gain = ctx.createGain();
    const out = ctx.createMediaStreamDestination();
    osc.frequency.value = hertz;
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
