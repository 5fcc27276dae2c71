package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/twofactor"
	"golang.org/x/crypto/bcrypt"
)

// Passwords have 8 characters at least (NIST SP 800-63B-4, section 3.1.1.2, for
// those with a second factor), and no more than bcrypt looks at.
const minPassword, maxPassword = 8, 72

// A user is someone with an account. Only the id never changes hands.
type user struct {
	id       string
	email    string
	password string // for the welcome at the start; nothing else reads it
	admin    bool
	profile  twofactor.Profile

	hash    []byte
	version int // counts the passwords
}

// demoUsers are the users of a product.
func demoUsers(product string) []user {
	alice := user{id: "u-7f3a", email: "alice@example.com", password: "alice-demo-password"}
	bob := user{id: "u-2c91", email: "bob@example.com", password: "bob-demo-password"}
	admin := user{id: "u-0e58", email: "admin@example.com", password: "admin-demo-password", admin: true}
	if product == "hosting" {
		// A person of bob's account has verified this number.
		bob.profile.VerifiedPhones = []string{"+61412000111"}
	} else {
		alice.profile.Phone = "0412345678"
		alice.profile.PhoneSince = time.Date(2025, 1, 15, 0, 0, 0, 0, time.UTC)
		alice.profile.VerifiedPhones = []string{"+61412345678"}
	}
	all := []user{alice, bob, admin}
	for i := range all {
		all[i].profile.Email = all[i].email
		all[i].profile.Region, all[i].profile.Locale = "AU", "en-AU"
	}
	return all
}

// users are the accounts, in memory.
type users struct {
	cost    int
	nobody  []byte // the hash that unknown users are compared with
	mu      sync.Mutex
	byID    map[string]*user
	byEmail map[string]*user
}

func newUsers(demo []user, cost int) (*users, error) {
	us := &users{cost: cost, byID: make(map[string]*user), byEmail: make(map[string]*user)}
	var err error
	if us.nobody, err = bcrypt.GenerateFromPassword([]byte(rand.Text()), cost); err != nil {
		return nil, err
	}
	for _, u := range demo {
		if u.hash, err = bcrypt.GenerateFromPassword([]byte(u.password), cost); err != nil {
			return nil, err
		}
		u.version = 1
		us.byID[u.id], us.byEmail[u.email] = &u, &u
	}
	return us, nil
}

// check returns the user with a mail address and password. Whether there is no
// such user or the password is wrong makes no difference, in time either.
func (us *users) check(email, password string) (user, error) {
	us.mu.Lock()
	hash := us.nobody
	var found user
	if u, ok := us.byEmail[strings.ToLower(strings.TrimSpace(email))]; ok {
		found, hash = *u, u.hash
	}
	us.mu.Unlock()
	err := bcrypt.CompareHashAndPassword(hash, []byte(password))
	if err != nil || found.id == "" || len(password) > maxPassword {
		return user{}, twofactor.ErrWrongPassword
	}
	return found, nil
}

// checkID checks the password of the user with an id.
func (us *users) checkID(_ context.Context, id, password string) error {
	u, err := us.byUserID(id)
	if err != nil {
		return err
	}
	_, err = us.check(u.email, password)
	return err
}

// checkPasswordForm returns nil for what can be a password.
func checkPasswordForm(password string) error {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return userError{Field: "new", Text: "A password has 8 to 72 characters."}
	}
	return nil
}

// setPassword gives a user another password.
func (us *users) setPassword(id, password string) error {
	if err := checkPasswordForm(password); err != nil {
		return err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), us.cost)
	if err != nil {
		return errors.New("hashing a password failed")
	}
	us.mu.Lock()
	defer us.mu.Unlock()
	u, ok := us.byID[id]
	if !ok {
		return errNoUser
	}
	u.hash, u.version = hash, u.version+1
	return nil
}

var errNoUser = errors.New("there is no such user")

func (us *users) byUserID(id string) (user, error) {
	us.mu.Lock()
	defer us.mu.Unlock()
	if u, ok := us.byID[id]; ok {
		return *u, nil
	}
	return user{}, errNoUser
}

func (us *users) byAddress(email string) (user, error) {
	us.mu.Lock()
	defer us.mu.Unlock()
	if u, ok := us.byEmail[strings.ToLower(strings.TrimSpace(email))]; ok {
		return *u, nil
	}
	return user{}, errNoUser
}

// Profile implements [twofactor.Directory].
func (us *users) Profile(_ context.Context, id string) (twofactor.Profile, error) {
	u, err := us.byUserID(id)
	return u.profile, err
}

// account is what an authenticator app lists a user's codes under.
func (us *users) account(_ context.Context, id string) (string, error) {
	u, err := us.byUserID(id)
	return u.email, err
}

// credential changes with the password.
func (u user) credential() string { return strconv.Itoa(u.version) }
