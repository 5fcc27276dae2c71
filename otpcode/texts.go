package otpcode

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

//go:embed templates/*.tmpl templates/layout.html
var files embed.FS

const (
	maxService = 64  // characters
	maxContact = 200 // characters
	maxSubject = 200 // characters
)

func (c Config) check() error {
	switch {
	case !isLine(c.Service, maxService) || !isLine(c.SMSService, maxService):
		return errors.New("otpcode: Service is required, one line of at most 64 characters")
	case !isLine(c.Contact, maxContact):
		return errors.New("otpcode: Contact is required, one line of at most 200 characters")
	case c.Host != "" && !isHost(c.Host):
		return errSMSHost
	}
	return nil
}

// isLine reports whether s is safe in the subject of a mail and inside of a
// text: no line breaks that would begin a header, no marks that turn around
// what comes after.
func isLine(s string, most int) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most &&
		!strings.ContainsFunc(s, func(c rune) bool {
			return unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
		})
}

// parseLangs returns the languages with the given tags, in that order.
func parseLangs(tags []string, own map[string]string) ([]lang, error) {
	var builtin []lang
	for _, tag := range []language.Tag{
		language.English, language.German, language.Spanish, language.French, language.Dutch,
	} {
		src, err := files.ReadFile("templates/" + tag.String() + ".tmpl")
		if err != nil {
			return nil, err
		}
		t, err := template.New(tag.String()).Parse(string(src))
		if err != nil {
			return nil, err
		}
		builtin = append(builtin, lang{tag, t})
	}
	all := slices.Clone(builtin)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		l, err := parseOwn(name, own[name], builtin)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(all, l.same); i >= 0 {
			all[i] = l
		} else {
			all = append(all, l)
		}
	}
	if len(tags) == 0 {
		return all, nil
	}
	var langs []lang
	for _, name := range tags {
		tag, err := language.Parse(name)
		i := slices.IndexFunc(all, lang{tag: tag}.same)
		if err != nil || i < 0 {
			return nil, fmt.Errorf("otpcode: there are no texts in language %q", name)
		}
		langs = append(langs, all[i])
	}
	return langs, nil
}

func (l lang) same(o lang) bool { return l.tag == o.tag }

// parseOwn parses the caller's texts on top of the built-in ones of the same
// language, if there are any.
func parseOwn(name, src string, builtin []lang) (lang, error) {
	tag, err := language.Parse(name)
	if err != nil {
		return lang{}, fmt.Errorf("otpcode: templates: %q is not a BCP 47 tag", name)
	}
	t := template.New(name)
	base, _ := tag.Base()
	for _, b := range builtin {
		if bb, _ := b.tag.Base(); bb == base {
			if t, err = b.texts.Clone(); err != nil {
				return lang{}, err
			}
		}
	}
	if t, err = t.Parse(src); err != nil {
		return lang{}, fmt.Errorf("otpcode: templates: %w", err)
	}
	// A misspelled name would leave the built-in text in place, unnoticed.
	for _, block := range t.Templates() {
		if strings.Contains(block.Name(), ".") && !slices.Contains(blocks(), block.Name()) {
			return lang{}, fmt.Errorf("otpcode: templates: language %s: there is no text %q", tag, block.Name())
		}
	}
	return lang{tag, t}, nil
}

// blocks returns the names of all blocks that a language has to have.
func blocks() []string {
	var names []string
	for _, k := range codeKinds {
		names = append(names, string(k)+partSubject, string(k)+partText, string(k)+partSMS)
	}
	for _, k := range noticeKinds {
		names = append(names, string(k)+partSubject, string(k)+partText)
	}
	return names
}

func parseLayout(own string) (*htmltemplate.Template, error) {
	if own == "" {
		src, err := files.ReadFile("templates/layout.html")
		if err != nil {
			return nil, err
		}
		own = string(src)
	}
	t, err := htmltemplate.New("layout").Parse(own)
	if err != nil {
		return nil, fmt.Errorf("otpcode: layout: %w", err)
	}
	return t, nil
}
