package otpcode

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	"text/template"
	"time"

	"golang.org/x/text/language"
)

// Config says how messages are worded.
type Config struct {
	// Service is the name by which people know the application. Required. At
	// most 64 characters.
	Service string

	// SMSService is a name to use in SMS in place of Service, shorter or in
	// plainer letters. The default is Service.
	SMSService string

	// Contact is where people turn to when something was not them: the address
	// of a page, a mail address or a phone number. Required. At most 200
	// characters. It is not translated.
	Contact string

	// Host is the exact name of the site where codes are typed, for the last
	// line of SMS (see [FormatSMS]). By default there is no such line.
	Host string

	// Languages to write in, by BCP 47 tags; the first is for people whose own
	// is not there. The default is English, the other built-in ones (German,
	// Spanish, French and Dutch), and those of Templates.
	Languages []string

	// Templates add languages to the built-in ones or change some of their
	// texts, by BCP 47 tag. Each value is parsed by package text/template and
	// defines blocks with {{define}}:
	//
	//	kind.subject, kind.text, kind.sms    for each [CodeKind]
	//	kind.subject, kind.text              for each [NoticeKind]
	//
	// A built-in language, or a variety of one such as "en-AU", keeps the
	// blocks that are not defined. All texts get the fields .Service, .Contact,
	// and for codes .Code, .Reference, .Seconds and .Minutes (its life, .Minutes
	// being 0 unless it is whole minutes), for notices .Method (see [Notice])
	// and .Time.
	//
	// The text of a code has the code once, .Service and .Reference, and that
	// of a notice .Contact; an SMS fits into one segment, which the built-in
	// texts do if SMSService and Host have at most 50 characters together. Blank
	// lines part the paragraphs of a mail.
	Templates map[string]string

	// Layout is the HTML of mails, for package html/template, with the fields
	// .Locale, .Subject, .Paragraphs and .Code, which equals the paragraph that
	// is the code alone. The default is plain.
	Layout string

	// InsecureCodeInSubject allows subjects with .Code in them. Phones show
	// subjects while they are locked.
	InsecureCodeInSubject bool
}

// A Renderer words messages. It may be used by many goroutines.
type Renderer struct {
	cfg     Config
	matcher language.Matcher
	langs   []lang // in the matcher's order
	layout  *htmltemplate.Template
}

// lang has the texts of one language.
type lang struct {
	tag   language.Tag
	texts *template.Template
}

// Parts of a kind's texts, as the names of blocks end.
const (
	partSubject = ".subject"
	partText    = ".text"
	partSMS     = ".sms"
)

var (
	errKind   = errors.New("otpcode: unknown kind of message")
	errIssued = errors.New("otpcode: not a code made by Issue")
	errLine   = errors.New("otpcode: subject is not one line of at most 200 characters")
	errTime   = errors.New("otpcode: notice without its time")
)

// NewRenderer returns a Renderer, or an error if any text in any language could
// go out without what it has to say, or as an SMS of two segments.
func NewRenderer(cfg Config) (*Renderer, error) {
	if cfg.SMSService == "" {
		cfg.SMSService = cfg.Service
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &Renderer{cfg: cfg}
	r.cfg.Templates, r.cfg.Languages = nil, nil // the caller's to change
	var err error
	if r.langs, err = parseLangs(cfg.Languages, cfg.Templates); err != nil {
		return nil, err
	}
	if r.layout, err = parseLayout(cfg.Layout); err != nil {
		return nil, err
	}
	var tags []language.Tag
	for _, l := range r.langs {
		tags = append(tags, l.tag)
	}
	r.matcher = language.NewMatcher(tags)
	for _, l := range r.langs {
		if err := r.prove(l); err != nil {
			return nil, fmt.Errorf("otpcode: language %s: %w", l.tag, err)
		}
	}
	return r, nil
}

// Code returns the message with a code for the channel, in the language that
// fits locale best, which is a BCP 47 tag or the value of an Accept-Language
// header. To and IdempotencyKey are left to the caller.
func (r *Renderer) Code(kind CodeKind, ch Channel, locale string, is Issued) (Message, error) {
	if !slices.Contains(codeKinds, kind) {
		return Message{}, errKind
	}
	life := is.Expires.Sub(is.Sent)
	if !isCode(is.Code) || is.Reference == "" || life < time.Second || life > MaxLife {
		return Message{}, errIssued
	}
	return r.code(r.match(locale), kind, ch, is)
}

// Notice returns the mail with a notice, in the language that fits locale best,
// as for [Renderer.Code].
func (r *Renderer) Notice(locale string, n Notice) (Message, error) {
	if !slices.Contains(noticeKinds, n.Kind) {
		return Message{}, errKind
	}
	if n.At.IsZero() {
		return Message{}, errTime
	}
	return r.notice(r.match(locale), n)
}

func (r *Renderer) match(locale string) lang {
	// Far more than any person's preferences; longer lists are slow to parse.
	const most = 256
	if len(locale) > most {
		locale = ""
	}
	_, i := language.MatchStrings(r.matcher, locale)
	return r.langs[i]
}

func (r *Renderer) code(l lang, kind CodeKind, ch Channel, is Issued) (Message, error) {
	v := view{Service: r.cfg.Service, Contact: r.cfg.Contact, Code: is.Code, Reference: is.Reference}
	v = v.withLife(is.Expires.Sub(is.Sent))
	var m Message
	var err error
	switch ch {
	case SMS:
		v.Service = r.cfg.SMSService
		m.Text, err = l.text(string(kind)+partSMS, v)
		if err == nil && r.cfg.Host != "" {
			m.Text, err = FormatSMS(m.Text, r.cfg.Host, is.Code)
		}
	case Email:
		m, err = r.mail(l, string(kind), v)
	default:
		err = errKind
	}
	if err != nil {
		return Message{}, err
	}
	m.Channel, m.Locale, m.Reference = ch, l.tag.String(), is.Reference
	return m, nil
}

func (r *Renderer) notice(l lang, n Notice) (Message, error) {
	m, err := r.mail(l, string(n.Kind), view{
		Service: r.cfg.Service,
		Contact: r.cfg.Contact,
		Method:  n.Method,
		Time:    n.At.UTC().Format("2006-01-02 15:04 UTC"),
	})
	if err != nil {
		return Message{}, err
	}
	m.Channel, m.Locale = Email, l.tag.String()
	return m, nil
}

func (r *Renderer) mail(l lang, kind string, v view) (Message, error) {
	var m Message
	var err error
	if m.Subject, err = l.text(kind+partSubject, v); err != nil {
		return Message{}, err
	}
	// Whatever a template takes into a subject, it must not begin a header.
	if !isLine(m.Subject, maxSubject) {
		return Message{}, errLine
	}
	if m.Text, err = l.text(kind+partText, v); err != nil {
		return Message{}, err
	}
	p := page{Locale: l.tag.String(), Subject: m.Subject, Code: v.Code}
	for para := range strings.SplitSeq(m.Text, "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			p.Paragraphs = append(p.Paragraphs, para)
		}
	}
	var b bytes.Buffer
	if err := r.layout.Execute(&b, p); err != nil {
		return Message{}, errors.New("otpcode: layout cannot be rendered")
	}
	m.HTML = b.String()
	return m, nil
}

// text renders one block. The error of the template package may quote what was
// rendered, so it is replaced.
func (l lang) text(name string, v view) (string, error) {
	var b strings.Builder
	if err := l.texts.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("otpcode: text %s in language %s cannot be rendered", name, l.tag)
	}
	// Templates may come from files with line ends of two characters.
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "\r\n", "\n")), nil
}
