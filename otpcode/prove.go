package otpcode

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// prove renders every text of a language with the longest values that it can
// get, and looks at what would go out.
func (r *Renderer) prove(l lang) error {
	for _, name := range blocks() {
		if l.texts.Lookup(name) == nil {
			return fmt.Errorf("text %s is missing", name)
		}
	}
	now := time.Unix(0, 0)
	is := Issued{Code: "9081726354", Reference: "WXMK", Sent: now}
	// The longest life in minutes, and the longest that has to be told in seconds.
	for _, life := range []time.Duration{MaxLife, MaxLife - time.Second} {
		is.Expires = now.Add(life)
		for _, kind := range codeKinds {
			for _, ch := range []Channel{SMS, Email} {
				m, err := r.code(l, kind, ch, is)
				if err != nil {
					return fmt.Errorf("%s by %s: %w", kind, ch, err)
				}
				if err := r.proveCode(m, is); err != nil {
					return fmt.Errorf("%s by %s: %w", kind, ch, err)
				}
			}
		}
	}
	for _, kind := range noticeKinds {
		m, err := r.notice(l, Notice{Kind: kind, Method: "totp", At: now})
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		if !strings.Contains(m.Text, r.cfg.Contact) || !strings.Contains(m.Text, r.cfg.Service) {
			return fmt.Errorf("%s: text without Service or Contact", kind)
		}
	}
	return nil
}

func (r *Renderer) proveCode(m Message, is Issued) error {
	text, service := m.Text, r.cfg.Service
	if m.Channel == SMS {
		service = r.cfg.SMSService
		if n := Segments(text); n > 1 {
			return fmt.Errorf("text can need %d segments; shorten it or SMSService, "+
				"or keep to the characters of the GSM alphabet", n)
		}
		if r.cfg.Host != "" {
			text = text[:strings.LastIndexByte(text, '\n')] // without the bound line
		}
	}
	switch {
	case strings.Count(text, is.Code) != 1:
		return errors.New("text must have the code once")
	case !strings.Contains(text, service), !strings.Contains(text, is.Reference):
		return errors.New("text without Service or Reference")
	case m.Channel == SMS:
		return nil
	case strings.Contains(m.Subject, is.Code) && !r.cfg.InsecureCodeInSubject:
		return errors.New("subject with the code")
	case !strings.Contains(m.HTML, is.Code):
		return errors.New("layout without the text")
	}
	return nil
}
