// Runs in a page before the client, for a person with the option `line`: counts what the page's socket brings, and says what the
// client would never say, in the client's own session. The numbers of PROTOCOL.md 1.2 stay whole, so neither side notices.
(() => {
  const Native = window.WebSocket;
  let socket = null;
  let told = 0; // the client's latest number
  let more = 0; // messages that are not the client's
  const line = {
    /** By type: messages and bytes that came. */
    heard: {},
    /** By type: the latest message that came. */
    latest: {},
    /** By type: the latest message that the client sent. */
    said: {},
    /** What messages were about that the server has refused. */
    failed: [],
    say(message) {
      more++;
      Native.prototype.send.call(socket, JSON.stringify({ ...message, n: told + more }));
    },
  };
  window.__line = line;
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      socket = this;
    }
    send(text) {
      const m = JSON.parse(text);
      line.said[m.type] = m;
      if (!m.n) return super.send(text);
      told = m.n;
      super.send(JSON.stringify({ ...m, n: m.n + more }));
    }
    set onmessage(f) {
      super.onmessage =
        f &&
        ((e) => {
          const m = JSON.parse(e.data);
          const { messages = 0, bytes = 0 } = line.heard[m.type] ?? {};
          line.latest[m.type] = m;
          line.heard[m.type] = { messages: messages + 1, bytes: bytes + e.data.length };
          if (m.type === "failed") line.failed.push(m.about);
          if (!m.ack || more === 0) return f(e);
          f({ data: JSON.stringify({ ...m, ack: Math.max(0, m.ack - more) }) });
        });
    }
  };
})();
