/** A meeting of three for tests of who gets in: a host and two others. */
import { newMeeting, Server, type User } from "./fakeserver";

export interface Scene {
  server: Server;
  ann: User; // the host
  ben: User;
  eve: User;
}

export async function scene(): Promise<Scene> {
  const server = new Server(await newMeeting());
  const ann = await server.join("ann", server.meeting, undefined, server.meeting.host);
  await server.advance(300);
  const ben = await server.join("ben");
  await server.advance(300);
  const eve = await server.join("eve");
  await server.advance(10_000);
  return { server, ann, ben, eve };
}

export async function setPolicy(s: Scene, lobby: boolean, locked: boolean): Promise<void> {
  await s.ann.member.moderation.setPolicy(lobby, locked);
  await s.server.advance(1_000);
  for (const { policy } of [s.ann, s.ben])
    if (policy.lobby !== lobby || policy.locked !== locked || policy.number !== s.ann.policy.number)
      throw new Error(`scene: the policy is ${JSON.stringify(policy)}`);
}
