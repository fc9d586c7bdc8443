// Four faults of ts-mls 1.6.4 put right while it is bundled for the interop test. Each patch fails the build when the
// text that it replaces is not there exactly as often as expected.
import { readFileSync } from "node:fs";

const patches = {
  // RFC 9420 §12.4.3.1: only the nodes between leaf and parent must list the leaf.
  "clientState.js": [
    [
      `                for (const parentIdx of dp) {
                    const dpNode = tree[parentIdx];`,
      `                for (const parentIdx of dp) {
                    if (parentIdx === i) break;
                    const dpNode = tree[parentIdx];`,
      1,
    ],
    [
      "if (!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves))",
      "if (!dpNode.parent.unmergedLeaves.includes(unmergedLeaf))",
      1,
    ],
    [
      'tree[nodeIndex]?.nodeType !== "leaf" && !dp.includes(toNodeIndex(i))',
      'tree[nodeIndex]?.nodeType !== "leaf" || !dp.includes(toNodeIndex(i))',
      1,
    ],
  ],
  // §12.4.3: external_pub holds a vector, with its length.
  "createCommit.js": [
    [
      '{ extensionType: "external_pub", extensionData: externalPub }',
      '{ extensionType: "external_pub", extensionData: encode(varLenDataEncoder)(externalPub) }',
      2,
    ],
    [
      "exportSecret(externalPub.extensionData, cs)",
      "exportSecret(decodeVarLenData(externalPub.extensionData, 0)[0], cs)",
      1,
    ],
  ],
  // §12.4.1: the commit secret follows from the last secret of the path, also where the root is not on the filtered path
  // because the other half of the tree is blank.
  "pathSecrets.js": [
    [
      "const nextIndex = findFirstNonBlankAncestor(tree, currentIndex);",
      `const nextIndex = findFirstNonBlankAncestor(tree, currentIndex);
        if (tree[nextIndex] === undefined) {
            pathSecrets[rootIndex] = pathSecrets[currentIndex];
            break;
        }`,
      1,
    ],
  ],
  // The PSKs of a PrivateMessage are those that the caller knows, too.
  "processMessages.js": [
    [
      "return processPrivateMessage(state, message.privateMessage, emptyPskIndex, cs, action);",
      "return processPrivateMessage(state, message.privateMessage, pskIndex, cs, action);",
      1,
    ],
  ],
};

const imports = {
  "createCommit.js":
    'import { decodeVarLenData, varLenDataEncoder } from "./codec/variableLength.js";\n',
};

/** An esbuild plugin that fails the build unless every patch was applied. */
export function patchTsMls() {
  return {
    name: "patch-ts-mls",
    setup(build) {
      const applied = new Set();
      build.onLoad({ filter: /ts-mls[/\\]dist[/\\]src[/\\][^/\\]+\.js$/ }, ({ path }) => {
        const name = path.split(/[/\\]/).at(-1);
        const list = patches[name];
        if (!list) return undefined;
        let text = readFileSync(path, "utf8");
        for (const [from, to, times] of list) {
          const found = text.split(from).length - 1;
          if (found !== times) throw new Error(`ts-mls ${name}: ${found} of ${times} x ${from}`);
          text = text.replaceAll(from, to);
        }
        applied.add(name);
        return { contents: (imports[name] ?? "") + text, loader: "js" };
      });
      build.onEnd(() => {
        const left = Object.keys(patches).filter((name) => !applied.has(name));
        if (left.length > 0) throw new Error(`ts-mls: not patched: ${left}`);
      });
    },
  };
}
