/** The device key, and which keys of others this browser has seen before. Kept in IndexedDB where there is one. */
import { type Bytes, hex } from "./bytes";
import type { Device } from "./leaf";

export interface KeyStore {
  get(store: "keys" | "seen", id: string): Promise<unknown>;
  put(store: "keys" | "seen", id: string, value: unknown): Promise<void>;
}

function memoryStore(): KeyStore {
  const all = new Map<string, unknown>();
  return {
    get: async (store, id) => all.get(`${store}/${id}`),
    put: async (store, id, value) => void all.set(`${store}/${id}`, value),
  };
}

/** Falls back to memory where the browser keeps nothing (private windows). */
export async function openKeyStore(): Promise<KeyStore> {
  if (typeof indexedDB === "undefined") return memoryStore();
  const db = await new Promise<IDBDatabase | null>((resolve) => {
    const request = indexedDB.open("incamera", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys");
      request.result.createObjectStore("seen");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
  if (!db) return memoryStore();
  const run = <T>(store: string, mode: IDBTransactionMode, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const request = f(db.transaction(store, mode).objectStore(store));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("device: the browser's store failed"));
    });
  return {
    get: (store, id) => run(store, "readonly", (s) => s.get(id)),
    put: async (store, id, value) => void (await run(store, "readwrite", (s) => s.put(value, id))),
  };
}

/** A fresh Ed25519 key whose private half can't be read out. */
export async function newSigningKey(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
}

export const rawPublic = async (key: CryptoKey): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey("raw", key));

/** This browser's device key, made at its first use. */
export async function openDevice(store: KeyStore): Promise<Device> {
  let pair = (await store.get("keys", "device")) as CryptoKeyPair | undefined;
  if (!pair) {
    pair = await newSigningKey();
    await store.put("keys", "device", pair);
  }
  const { privateKey, publicKey } = pair;
  return {
    publicKey: await rawPublic(publicKey),
    sign: async (data) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, data)),
  };
}

/** When a device key was first seen here, Unix ms; notes now for a new one. */
export async function firstSeen(store: KeyStore, deviceKey: Uint8Array, now: number): Promise<number> {
  const id = hex(deviceKey);
  const known = await store.get("seen", id);
  if (typeof known === "number") return known;
  await store.put("seen", id, now);
  return now;
}
