// A tap between the browsers and the server: keeps every byte that the server received, websocket frames unmasked.
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";

/** Starts a TCP and a UDP relay in front of the server's port. Candidates in the server's answers are pointed at the UDP relay. */
export async function startTap(server) {
  const received = [];
  const udp = await udpRelay(server.port, received);
  const sockets = new Set();
  const listener = net.createServer((client) => {
    const upstream = net.connect(server.port, "127.0.0.1");
    const raw = [];
    sockets.add(client).add(upstream);
    const unmask = websocketReader((payload) => received.push(payload));
    client.on("data", (b) => {
      received.push(Buffer.from(b));
      raw.push(b);
      unmask(b);
      upstream.write(b);
    });
    upstream.on("data", (b) => client.write(redirect(b, server.port, udp.port)));
    for (const [a, z] of [
      [client, upstream],
      [upstream, client],
    ]) {
      a.on("end", () => z.end());
      a.on("error", () => z.destroy());
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `http://localhost:${listener.address().port}`,
    received: () => Buffer.concat(received),
    async stop() {
      for (const s of sockets) s.destroy();
      udp.stop();
      listener.close();
      await once(listener, "close");
    },
  };
}

/** Both ports have five digits, so that no length in the stream changes. */
function redirect(bytes, from, to) {
  const text = bytes.toString("latin1").replaceAll(` ${from} typ host`, ` ${to} typ host`);
  return Buffer.from(text, "latin1");
}

async function udpRelay(port, received) {
  const front = dgram.createSocket("udp4");
  front.bind(0, "127.0.0.1");
  await once(front, "listening");
  if (String(front.address().port).length !== String(port).length)
    throw new Error("tap: ports differ in length; run again");
  const back = new Map();
  front.on("message", (message, from) => {
    received.push(message);
    const key = `${from.address}:${from.port}`;
    let s = back.get(key);
    if (!s) {
      s = dgram.createSocket("udp4");
      s.on("message", (m) => front.send(m, from.port, from.address));
      back.set(key, s);
    }
    s.send(message, port, "127.0.0.1");
  });
  return {
    port: front.address().port,
    stop() {
      for (const s of back.values()) s.close();
      front.close();
    },
  };
}

/** Follows one client-to-server byte stream; after the upgrade request it yields the unmasked payload of each frame. */
export function websocketReader(emit) {
  let buffer = Buffer.alloc(0);
  let upgraded = false;
  return (bytes) => {
    buffer = Buffer.concat([buffer, bytes]);
    if (!upgraded) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!/upgrade: websocket/i.test(buffer.subarray(0, end).toString("latin1"))) {
        buffer = Buffer.alloc(0); // plain HTTP: kept as received
        return;
      }
      upgraded = true;
      buffer = buffer.subarray(end + 4);
    }
    for (;;) {
      if (buffer.length < 2) return;
      let length = buffer[1] & 127;
      let at = 2;
      if (length === 126) {
        if (buffer.length < 4) return;
        length = buffer.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (buffer.length < 10) return;
        length = Number(buffer.readBigUInt64BE(2));
        at = 10;
      }
      const masked = (buffer[1] & 128) !== 0;
      const start = at + (masked ? 4 : 0);
      if (buffer.length < start + length) return;
      const payload = Buffer.from(buffer.subarray(start, start + length));
      if (masked) for (let i = 0; i < length; i++) payload[i] ^= buffer[at + (i & 3)];
      emit(payload);
      buffer = buffer.subarray(start + length);
    }
  };
}
