/** The device key, and where this browser keeps it: in IndexedDB where there is one. */
import type { Bytes } from "./bytes";
import type { Device } from "./leaf";

type StoreName = "keys" | "seen";

export interface KeyStore {
  get(store: StoreName, id: string): Promise<unknown>;
  put(store: StoreName, id: string, value: unknown): Promise<void>;
  /** Puts the value unless there is one already; returns the one that is there then. */
  keep(store: StoreName, id: string, value: unknown): Promise<unknown>;
}

export function memoryStore(): KeyStore {
  const all = new Map<string, unknown>();
  return {
    get: async (store, id) => all.get(`${store}/${id}`),
    put: async (store, id, value) => void all.set(`${store}/${id}`, value),
    keep: async (store, id, value) => {
      const there = all.get(`${store}/${id}`);
      if (there === undefined) all.set(`${store}/${id}`, value);
      return there ?? value;
    },
  };
}

/** Uses spare from the first failure on: some browsers have a database that takes no keys (private windows). */
export function withFallback(first: KeyStore, spare: KeyStore): KeyStore {
  let failed = false;
  const attempt = async <T>(f: (s: KeyStore) => Promise<T>): Promise<T> => {
    if (!failed) {
      try {
        return await f(first);
      } catch {
        failed = true;
      }
    }
    return f(spare);
  };
  return {
    get: (store, id) => attempt((s) => s.get(store, id)),
    put: (store, id, value) => attempt((s) => s.put(store, id, value)),
    keep: (store, id, value) => attempt((s) => s.keep(store, id, value)),
  };
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(request.error ?? new Error("device: the browser's store failed"));
  });

function databaseStore(db: IDBDatabase): KeyStore {
  const read = (store: StoreName) => db.transaction(store, "readonly").objectStore(store);
  const write = (store: StoreName) => db.transaction(store, "readwrite").objectStore(store);
  return {
    get: async (store, id) => settled(read(store).get(id)),
    put: async (store, id, value) => void (await settled(write(store).put(value, id))),
    keep: async (store, id, value) => {
      // One transaction: of two pages that begin at once, one makes the key.
      const s = write(store);
      const there: unknown = await settled(s.get(id));
      if (there !== undefined) return there;
      await settled(s.put(value, id));
      return value;
    },
  };
}

/** Falls back to memory where the browser keeps nothing. */
export async function openKeyStore(): Promise<KeyStore> {
  const memory = memoryStore();
  const db = await openDatabase().catch(() => null);
  return db ? withFallback(databaseStore(db), memory) : memory;
}

function openDatabase(): Promise<IDBDatabase | null> {
  if (typeof indexedDB === "undefined") return Promise.resolve(null);
  return new Promise((resolve) => {
    const request = indexedDB.open("incamera", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys");
      request.result.createObjectStore("seen");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
}

/** A fresh Ed25519 key whose private half can't be read out. */
export async function newSigningKey(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
}

export const rawPublic = async (key: CryptoKey): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey("raw", key));

/** This browser's device key, made at its first use. */
export async function openDevice(store: KeyStore): Promise<Device> {
  const known = await store.get("keys", "device");
  const pair = (known ??
    (await store.keep("keys", "device", await newSigningKey()))) as CryptoKeyPair;
  return signerOf(pair);
}

/** The host's key of a room that was made in this browser; null for all other rooms. */
export async function openHost(store: KeyStore, room: string): Promise<Device | null> {
  const pair = (await store.get("keys", `host/${room}`)) as CryptoKeyPair | undefined;
  return pair ? signerOf(pair) : null;
}

/** Signs with a key pair of this browser's. */
export async function signerOf({ privateKey, publicKey }: CryptoKeyPair): Promise<Device> {
  return {
    publicKey: await rawPublic(publicKey),
    sign: async (data) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, data)),
  };
}
