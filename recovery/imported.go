package recovery

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptSize = 60 // bytes of a hash in its usual text form
	bcryptText = 72 // bytes of the input that bcrypt looks at

	// maxImportedWork bounds what one wrong text can cost, in rounds of bcrypt:
	// as much as 16 hashes of cost 12, a few seconds.
	maxImportedWork = MaxCodes << 12
)

var errImport = errors.New("recovery: imported codes must be bcrypt hashes, " +
	"no more than 16, none twice, together no slower than 16 of cost 12")

// A Ref names one imported code that a text matched. It is good for
// [Set.SpendImported] on any later state of the same set.
type Ref struct {
	hash string
}

// Import adds codes that another system kept as bcrypt hashes ("$2a$", "$2b$"
// or "$2y$"), in place of any imported before. At most [MaxCodes] are taken,
// and together they may be no slower than 16 of cost 12; otherwise nothing is
// imported. Each is good for one use.
//
// They are only as hard to guess as that system made them: see that tries are
// limited, and prefer giving out a new set.
func (s Set) Import(hashes [][]byte) (Set, error) {
	if len(hashes) > MaxCodes {
		return s, errImport
	}
	var work int64
	next := s
	next.Imported = nil
	for _, h := range hashes {
		cost, ok := bcryptCost(h)
		if !ok || slices.ContainsFunc(next.Imported, func(o []byte) bool { return bytes.Equal(o, h) }) {
			return s, errImport
		}
		work += 1 << cost
		next.Imported = append(next.Imported, bytes.Clone(h))
	}
	if work > maxImportedWork {
		return s, errImport
	}
	return next, nil
}

// bcryptCost returns the cost of a hash that is complete and in its usual form.
func bcryptCost(h []byte) (int, bool) {
	if len(h) != bcryptSize || string(h[:2]) != "$2" || h[3] != '$' || h[6] != '$' || !strings.ContainsRune("aby", rune(h[2])) {
		return 0, false
	}
	cost, err := bcrypt.Cost(h)
	if err != nil {
		return 0, false
	}
	// Salt and digest are 53 characters of bcrypt's own Base64. A hash with
	// others in it would only fail when somebody needs it.
	for _, c := range h[7:] {
		if !(c == '.' || c == '/' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return 0, false
		}
	}
	return cost, true
}

// MatchImported compares text with every imported code and returns the one that
// it is, or [ErrUnknown]. Only white space around text is ignored; otherwise
// it must be as the other system hashed it. More than 72 bytes are refused with
// [ErrMalformed], since bcrypt looks at no more.
//
// It takes as long as all the hashes together, 50 to 100 ms each as a rule.
// Call it after the try was paid for and outside of any loop that retries a
// write, with a bound on how many run at once, and follow it by
// [Set.SpendImported] inside that loop. By itself a match proves nothing:
// someone else may have spent the code meanwhile.
func (s Set) MatchImported(text string) (Ref, error) {
	text = strings.TrimSpace(text)
	// A NUL would let two texts have one hash: bcrypt repeats its input with
	// a NUL in between.
	if text == "" || len(text) > bcryptText || strings.ContainsFunc(text, unicode.IsControl) {
		return Ref{}, ErrMalformed
	}
	var ref Ref
	for _, h := range s.Imported { // no early exit, as in Spend
		if bcrypt.CompareHashAndPassword(h, []byte(text)) == nil {
			ref.hash = string(h)
		}
	}
	if ref.hash == "" {
		return Ref{}, ErrUnknown
	}
	return ref, nil
}

// SpendImported returns the Set without the imported code that ref names, or
// [ErrSpent] if it is not there any more. With an error the returned Set is s.
func (s Set) SpendImported(ref Ref) (Set, error) {
	if ref.hash == "" {
		return s, ErrUnknown
	}
	next := s
	next.Imported = slices.DeleteFunc(slices.Clone(s.Imported), func(h []byte) bool {
		return string(h) == ref.hash
	})
	if len(next.Imported) == len(s.Imported) {
		return s, ErrSpent
	}
	return next, nil
}
