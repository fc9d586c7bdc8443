// Package mls is Messaging Layer Security, RFC 9420: how a group agrees on
// keys while people come and go.
//
// A Group is one member's view of one epoch and is never changed by a commit:
// Commit and Process return the Group of the next epoch, and the caller takes
// it when the delivery service has accepted the commit and its own policy has
// agreed. What the RFC leaves to the application comes in by Config.
//
// Files, from the bottom up: codec, suite and hpke (primitives); leaf,
// keypackage, proposal, framing, message (structures); treemath, tree,
// treehash, treekem (the ratchet tree); schedule, secrettree, protect (keys);
// validate, apply (rules); group, join, commit, process (what a member does).
package mls
