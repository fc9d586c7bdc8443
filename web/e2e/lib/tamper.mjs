// A server that lies: a proxy in front of the real one that can change what it says and hears, on HTTP and on the socket.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";

/**
 * Starts the proxy. lies.look(body) changes the answer to a look; lies.heard(message, who) and lies.said(message, who) change
 * what a socket's client and the server say. who is an object that is the same for all messages of one socket.
 */
export async function startTamper(server, lies) {
  const sockets = new Set();
  const proxy = http.createServer((req, res) => {
    const on = http.request(
      {
        host: "127.0.0.1",
        port: server.port,
        method: req.method,
        path: req.url,
        headers: { ...req.headers, "accept-encoding": "identity" },
      },
      async (answer) => {
        const parts = [];
        for await (const b of answer) parts.push(b);
        let body = Buffer.concat(parts);
        if (req.url === "/api/look" && answer.statusCode === 200 && lies.look)
          body = Buffer.from(JSON.stringify(lies.look(JSON.parse(body))));
        const headers = { ...answer.headers, "content-length": body.length };
        delete headers["transfer-encoding"];
        res.writeHead(answer.statusCode, headers).end(req.method === "HEAD" ? undefined : body);
      },
    );
    on.on("error", () => res.destroy());
    req.pipe(on);
  });
  proxy.on("upgrade", (req, near) => {
    const far = net.connect(server.port, "127.0.0.1");
    sockets.add(near).add(far);
    const headers = Object.entries(req.headers).filter(([k]) => k !== "sec-websocket-extensions");
    far.write(
      `GET ${req.url} HTTP/1.1\r\n${headers.map(([k, v]) => `${k}: ${v}`).join("\r\n")}\r\n\r\n`,
    );
    const who = {};
    const fromNear = frames((type, payload) =>
      far.write(
        frame(
          type,
          rewritten(type, payload, (m) => lies.heard?.(m, who)),
          true,
        ),
      ),
    );
    const fromFar = frames((type, payload) =>
      near.write(
        frame(
          type,
          rewritten(type, payload, (m) => lies.said?.(m, who)),
          false,
        ),
      ),
    );
    let head = Buffer.alloc(0);
    let open = false;
    far.on("data", (b) => {
      if (open) return fromFar(b);
      head = Buffer.concat([head, b]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      open = true;
      near.write(head.subarray(0, end + 4));
      fromFar(head.subarray(end + 4));
    });
    near.on("data", fromNear);
    for (const [a, z] of [
      [near, far],
      [far, near],
    ]) {
      a.on("end", () => z.end());
      a.on("error", () => z.destroy());
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    url: `http://localhost:${proxy.address().port}`,
    port: proxy.address().port,
    /** The link to the same room by way of the liar. */
    link: (link) => link.replace(/^https?:\/\/[^/]+/, `http://localhost:${proxy.address().port}`),
    async stop() {
      for (const s of sockets) s.destroy();
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

/** A text message goes through lie; undefined leaves it as it is. */
function rewritten(type, payload, lie) {
  if (type !== 0x81) return payload;
  const changed = lie(JSON.parse(payload));
  return changed === undefined ? payload : Buffer.from(JSON.stringify(changed));
}

/** Yields first byte and unmasked payload of each frame. Our client and server never fragment. */
function frames(emit) {
  let buffer = Buffer.alloc(0);
  return (bytes) => {
    buffer = Buffer.concat([buffer, bytes]);
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
      const first = buffer[0];
      buffer = buffer.subarray(start + length);
      emit(first, payload);
    }
  };
}

/** A client masks, with zeros here. */
function frame(first, payload, masked) {
  const bit = masked ? 128 : 0;
  const mask = Buffer.alloc(masked ? 4 : 0);
  const n = payload.length;
  let head;
  if (n < 126) head = Buffer.from([first, bit | n]);
  else if (n < 65536) {
    head = Buffer.from([first, bit | 126, 0, 0]);
    head.writeUInt16BE(n, 2);
  } else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(n), 2);
  }
  return Buffer.concat([head, mask, payload]);
}
