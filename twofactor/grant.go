package twofactor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

const grantLife = 5 * time.Minute // OWASP ASVS 7.5.1

// A Grant is a fresh proof: the permission to change factors. It is good for the
// session it was made in, for five minutes, and until something changes that
// ends trust. Confirming a factor renews it.
type Grant struct {
	Token   string // for a cookie that is sent to this site alone
	Expires time.Time
}

// ErrWrongPassword is what the check given to [Service.GrantWithPassword]
// returns for a password that is wrong.
var ErrWrongPassword = errors.New("twofactor: wrong password")

// Grant makes a grant for a fresh second factor: a code of any usable factor,
// never a recovery code. Wrong codes count against the same budgets as at
// sign-in.
func (s *Service) Grant(ctx context.Context, ses Session, a Answer) (*Grant, error) {
	p, err := s.grantAttempt(ctx, ses)
	if err != nil {
		return nil, err
	}
	if in, err := read(a); err != nil {
		return nil, err
	} else if in.method == MethodRecovery {
		return nil, reject(ReasonNotUsable)
	}
	var g *Grant
	err = s.prove(ctx, p, a, func(t *tx, _ *attempt, _ *proof) error {
		t.rec.Attempts = slices.DeleteFunc(t.rec.Attempts, func(a record.Attempt) bool {
			return a.ID == p.ID && a.Purpose == forGrant
		})
		g = t.grant(p.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// GrantWithPassword makes a grant for a user who has no second factor yet, and
// refuses anyone who has one. check tells whether the password is right: nil,
// [ErrWrongPassword], or a fault. It is called at most once, after the try was
// paid for: ten tries, and one more every six hours. Only a right password gives
// its try back; a fault costs one like a wrong password.
func (s *Service) GrantWithPassword(ctx context.Context, ses Session, check func(context.Context) error) (*Grant, error) {
	st := ses.state()
	var epoch [8]byte
	err := s.update(ctx, st.User, st.Enrolled, func(t *tx) error {
		epoch = t.rec.Epoch
		if len(t.rec.Factors) > 0 {
			return t.refuse(reject(ReasonGrantRequired))
		}
		full, ok := tries.Take(t.rec.Budgets.Password, t.now, 1)
		if !ok {
			return t.refuse(&RejectedError{Reason: ReasonPaused, RetryAt: tries.Next(full, t.now, 1)})
		}
		t.rec.Budgets.Password = full
		if tries.Level(full, t.now) == 0 {
			t.event(Event{Type: EventPasswordTries})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := check(ctx); errors.Is(err, ErrWrongPassword) {
		return nil, reject(ReasonWrongCode)
	} else if err != nil {
		// The try stays paid. A database that is down looks the same as an app that
		// has an error of its own for a wrong password, and with tries given back
		// for that, the password could be guessed without end.
		return nil, err
	}
	var g *Grant
	err = s.update(ctx, st.User, true, func(t *tx) error {
		if len(t.rec.Factors) > 0 || t.rec.Epoch != epoch { // proven by someone meanwhile, or the password is another
			return t.refuse(reject(ReasonGrantRequired))
		}
		t.rec.Budgets.Password = tries.Back(t.rec.Budgets.Password, t.now, 1)
		g = t.grant(st.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Granted returns nil if the session holds this grant, for what the app itself
// wants a fresh proof for. A refusal has [ReasonGrantRequired].
func (s *Service) Granted(ctx context.Context, ses Session, grant string) error {
	t, err := s.view(ctx, ses.UserID(), ses.state().Enrolled)
	if err != nil {
		return err
	}
	if no := t.granted(ses, grant); no != nil {
		return no
	}
	return nil
}

// grantAttempt is the attempt in which a session gives a fresh proof. A session
// has one at a time, so that its wrong codes add up.
func (s *Service) grantAttempt(ctx context.Context, ses Session) (*pending, error) {
	st := ses.state()
	t, err := s.view(ctx, st.User, st.Enrolled)
	if err != nil {
		return nil, err
	}
	if len(t.rec.Factors) == 0 {
		return nil, reject(ReasonNotUsable) // there may be no record yet, and that is no fault
	}
	return &pending{record.Pending{
		ID: st.ID, User: st.User, Epoch: t.rec.Epoch, Known: st.Known, Expires: t.now.Add(loginLife).Unix(),
	}, forGrant}, nil
}

// grant adds a grant for a session to the record.
func (t *tx) grant(session [16]byte) *Grant {
	var b [32]byte
	rand.Read(b[:])
	g := &Grant{Token: base64.RawURLEncoding.EncodeToString(b[:])}
	t.addGrant(session, g)
	t.event(Event{Type: EventGranted})
	return g
}

// addGrant keeps a grant's hash. Only a proof makes one, so that the one it
// pushes out, if any, is the same user's.
func (t *tx) addGrant(session [16]byte, g *Grant) {
	g.Expires = t.now.Add(grantLife)
	if len(t.rec.Grants) >= record.MaxGrants {
		t.rec.Grants = slices.Delete(t.rec.Grants, 0, 1)
	}
	t.rec.Grants = append(t.rec.Grants, record.Grant{
		Hash: hashGrant(session, g.Token), Expires: g.Expires.Unix(), Epoch: t.rec.Epoch, Session: session,
	})
}

// granted returns nil if the session has this grant.
func (t *tx) granted(ses Session, token string) *RejectedError {
	hash := hashGrant(ses.state().ID, token)
	found := 0
	for i := range t.rec.Grants {
		found |= subtle.ConstantTimeCompare(t.rec.Grants[i].Hash[:], hash[:])
	}
	if found == 0 || token == "" || ses.UserID() != t.user {
		return t.refuse(reject(ReasonGrantRequired))
	}
	return nil
}

// hashGrant binds a grant to its session. The token is 256 random bits, so a
// plain hash keeps a stolen record from being one.
func hashGrant(session [16]byte, token string) [32]byte {
	return sha256.Sum256(append(append([]byte("latchkey/v1 grant\x00"), session[:]...), token...))
}

// change is an update that needs a grant.
func (s *Service) change(ctx context.Context, ses Session, grant string, f func(*tx) error) error {
	st := ses.state()
	if st.User == "" {
		return reject(ReasonLoginEnded)
	}
	return s.update(ctx, st.User, st.Enrolled, func(t *tx) error {
		if no := t.granted(ses, grant); no != nil {
			return no
		}
		return f(t)
	})
}
