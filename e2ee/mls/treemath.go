package mls

import "math/bits"

// The array-based tree of RFC 9420 appendix C: leaf i is node 2·i, parents are
// the odd nodes.

func level(x uint32) uint32 { return uint32(bits.TrailingZeros32(^x)) }

func nodeWidth(leaves uint32) uint32 {
	if leaves == 0 {
		return 0
	}
	return 2*(leaves-1) + 1
}

func root(leaves uint32) uint32 { return 1<<(bits.Len32(nodeWidth(leaves))-1) - 1 }

func left(x uint32) uint32  { return x ^ (1 << (level(x) - 1)) }
func right(x uint32) uint32 { return x ^ (3 << (level(x) - 1)) }

func parent(x uint32) uint32 {
	k := level(x)
	b := (x >> (k + 1)) & 1
	return (x | 1<<k) ^ (b << (k + 1))
}

func sibling(x uint32) uint32 {
	p := parent(x)
	if x < p {
		return right(p)
	}
	return left(p)
}

// below reports whether x is y or a descendant of y.
func below(x, y uint32) bool {
	k := level(y)
	return level(x) <= k && x>>(k+1) == y>>(k+1)
}
