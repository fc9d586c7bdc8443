package allocate

// share is how much of what the network takes is given to what is sent anew:
// the rest is for retransmissions, and for the layers' rates to vary.
const share = 0.95

// Available returns what of a network's estimate in bits per second is for the
// claims: reserved of it is for sound. Where the estimate is not proven, it is
// at least what the smallest pictures of all take: nobody's picture is withheld
// by a guess, nor frames of it.
func Available(estimate, reserved int64, proven bool, claims []Claim) int64 {
	available := int64(share*float64(estimate)) - reserved
	if proven {
		return available
	}
	least := int64(0)
	for i := range claims {
		if step := claims[i].least(); step != Nothing {
			least += claims[i].Rates[step]
		}
	}
	return max(available, least)
}
