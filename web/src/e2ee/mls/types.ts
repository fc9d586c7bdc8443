/** Every structure of the protocol, and what checks it. */
export * from "./leaf";
export * from "./messages";
export { lifetimeHolds, verifyKP } from "./rules";
